import { join } from "node:path";
import { expect, test } from "vitest";
import {
  agreesWithReference,
  REFERENCE_MEDIANS,
} from "../../coordinator/analysis/paper/reference_medians.ts";
import { packageRoot } from "../../shared/package_info.ts";
import { phasesweep, temporaryFolder } from "./cli.ts";

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
  for (const reference of REFERENCE_MEDIANS) {
    const { dataset, loss, width } = reference;
    const row = rows.find((r) => r.dataset === dataset && r.loss === loss && r.width === width)!;
    expect(row.seeds).toBe(32);
    for (const which of ["eta0", "eta1"] as const) {
      const expected = reference[which];
      if (expected === null) continue;
      const { median } = row[which];
      const text = `${which} of ${dataset} ${loss} m = ${width}: ${median} against ${expected.median}`;
      expect(agreesWithReference(row[which], expected), text).toBe(true);
    }
  }
});
