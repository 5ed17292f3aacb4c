import { expect, test } from "vitest";
import { figure2Findings, type NetRun } from "../../../../coordinator/analysis/paper/figure2.ts";
import { boundaryRow, summary } from "../rows_fixture.ts";

/** Three lazy and three catapult runs of a seed. */
function seed(number: number, changes: Partial<NetRun> = {}): NetRun[] {
  return [1, 2, 3, 8, 12, 16].map((learning_rate, i) => ({
    dataset: "example3",
    loss: "logistic",
    width: 100,
    seed: number,
    learning_rate,
    phase: i < 3 ? "lazy" : "catapult",
    settled: true,
    peak: i < 3 ? 1 : 2,
    ntk_ratio: i < 3 ? 0.99 : 0.3,
    ...changes,
  }));
}

const verdicts = (runs: readonly NetRun[]) => figure2Findings(runs, []).map(({ agrees }) => agrees);

test("a catapult shows in most, some or no seeds", () => {
  expect(verdicts([...seed(0), ...seed(1)])).toEqual(["yes", "yes", "yes"]);
  expect(verdicts([...seed(0), ...seed(1, { peak: 1.01 })])[0]).toBe("in part");
  expect(verdicts([...seed(0, { peak: 1.01 })])[0]).toBe("no");
  expect(verdicts([...seed(0, { phase: "lazy" })])[0]).toBe("no");
});

test("λ that rises in the catapult phase, or falls in the lazy one, is not passed over", () => {
  expect(verdicts(seed(0, { ntk_ratio: 1.2 }))).toEqual(["yes", "no", "no"]);
  const [first, ...rest] = seed(0);
  expect(verdicts([{ ...first!, ntk_ratio: 0.5 }, ...rest])[2]).toBe("in part");
});

test("the width of the phase comes from the densest grid", () => {
  const row = { loss: "logistic", width: 100 };
  const rows = [
    boundaryRow({ ...row, eta0: summary(1), eta1: summary(4) }),
    boundaryRow({
      ...row,
      eta0: summary(2, { relative_step: 0.001 }),
      eta1: summary(2.1, { relative_step: 0.001 }),
    }),
  ];
  expect(figure2Findings(seed(0), rows)[0]!.measured).toContain("η0 = 2.000 to η1 = 2.100");
});
