import { expect, test } from "vitest";
import {
  type CurvatureCounts,
  figure3Findings,
} from "../../../../coordinator/analysis/paper/figure3.ts";
import {
  agreesWithReference,
  REFERENCE_MEDIANS,
} from "../../../../coordinator/analysis/paper/reference_medians.ts";
import { boundaryRow, summary } from "../rows_fixture.ts";

const COUNTS: CurvatureCounts = {
  dataset: "example3",
  loss: "logistic",
  seeds: 32,
  seeds_with_catapult: 32,
  converged: 100,
  converged_equal: 100,
  lazy: 50,
  lazy_same_ntk: 50,
  lazy_same_hessian: 50,
  catapult: 60,
  catapult_lower_ntk: 60,
  catapult_lower_hessian: 60,
};

function verdictsOf(counts: Partial<CurvatureCounts>, eta0 = 8.181): string[] {
  const row = boundaryRow({ eta0: summary(eta0, { standard_error: 0.1 }) });
  return figure3Findings([row], [{ ...COUNTS, ...counts }]).map(({ agrees }) => agrees);
}

test("all agrees, each count decides its own finding, and a wrong median is seen", () => {
  expect(verdictsOf({})).toEqual(["yes", "yes", "yes", "yes", "yes", "yes"]);
  expect(verdictsOf({ seeds_with_catapult: 20 })[0]).toBe("in part");
  expect(verdictsOf({}, 9)[1]).toBe("no");
  expect(verdictsOf({ converged_equal: 10 })[3]).toBe("no");
  expect(verdictsOf({ lazy_same_hessian: 30 })[4]).toBe("in part");
  expect(verdictsOf({ catapult_lower_ntk: 1 })[5]).toBe("no");
});

test("a reference is met within four joint standard errors", () => {
  const reference = { median: 10, standard_error: 0.3 };
  expect(agreesWithReference({ median: 11.9, standard_error: 0.4 }, reference)).toBe(true);
  expect(agreesWithReference({ median: 12.1, standard_error: 0.4 }, reference)).toBe(false);
  expect(REFERENCE_MEDIANS).toHaveLength(8);
});
