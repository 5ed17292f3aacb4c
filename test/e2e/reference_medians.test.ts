import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";
import { phasesweep, temporaryFolder } from "./cli.ts";

/**
 * Population medians of η0 and η1 at T = 100 from 4,096 Wishart seeds, with standard errors. Where
 * η0 is null, narrow windows below the main edge make it depend on the grid, and it is not judged.
 */
const REFERENCES = [
  {
    dataset: "example3",
    loss: "exponential",
    width: 1000,
    eta0: [1.9463, 0.0019],
    eta1: [1.9585, 0.002],
  },
  {
    dataset: "example3",
    loss: "exponential",
    width: 100,
    eta0: [1.942, 0.005],
    eta1: [2.142, 0.007],
  },
  { dataset: "example3", loss: "logistic", width: 100, eta0: [4.294, 0.011], eta1: [30.0, 0.07] },
  { dataset: "example3", loss: "logistic", width: 200, eta0: [8.181, 0.014], eta1: [43.32, 0.12] },
  {
    dataset: "example3",
    loss: "squared",
    width: 1000,
    eta0: [2.0017, 0.0014],
    eta1: [4.0033, 0.003],
  },
  {
    dataset: "example4",
    loss: "exponential",
    width: 100,
    eta0: [1.763, 0.009],
    eta1: [1.801, 0.009],
  },
  { dataset: "example4", loss: "logistic", width: 100, eta0: null, eta1: [29.69, 0.05] },
  { dataset: "example4", loss: "logistic", width: 200, eta0: null, eta1: [42.17, 0.07] },
] as const;

interface Summary {
  readonly median: number;
  readonly standard_error: number;
}

test("medians over seeds 0 to 31 agree with the population", async () => {
  const { code, stdout } = await phasesweep(
    "run",
    join(packageRoot, "sweeps", "reference_medians.yaml"),
    "--results",
    temporaryFolder(),
    "--json",
  );
  expect(code).toBe(0);
  const rows = JSON.parse(stdout).boundaries as {
    dataset: string;
    loss: string;
    width: number;
    seeds: number;
    eta0: Summary;
    eta1: Summary;
  }[];
  for (const reference of REFERENCES) {
    const { dataset, loss, width } = reference;
    const row = rows.find((r) => r.dataset === dataset && r.loss === loss && r.width === width)!;
    expect(row.seeds).toBe(32);
    for (const which of ["eta0", "eta1"] as const) {
      const expected = reference[which];
      if (expected === null) continue;
      const [median, standard_error] = expected;
      const measured = row[which];
      const allowed = 4 * Math.hypot(measured.standard_error, standard_error);
      expect(
        Math.abs(measured.median - median),
        `${which} of ${dataset} ${loss} m = ${width}: ${measured.median} against ${median}`,
      ).toBeLessThanOrEqual(allowed);
    }
  }
});
