import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readOutcomes } from "../../../cli/slurm/fleet_folder.ts";
import { temporaryFolder } from "../../e2e/cli.ts";

test("how sweeps ended is read as this release and as 0.2.0 wrote it", () => {
  const folder = temporaryFolder();
  expect(readOutcomes(folder)).toBeUndefined();
  mkdirSync(join(folder, "slurm"));
  const [digest, sha256] = ["d".repeat(64), "a".repeat(64)];
  for (const sweep of [
    { sweep: "a", plan_digest: digest, results_sha256: sha256, mismatch_reports: [], error: "" },
    { sweep: "a", planDigest: digest, resultsSha256: sha256, mismatchReports: [], error: "" },
  ]) {
    writeFileSync(join(folder, "slurm", "done.json"), JSON.stringify({ sweeps: [sweep] }));
    expect(readOutcomes(folder)).toEqual([
      { sweep: "a", planDigest: digest, resultsSha256: sha256, mismatchReports: [], error: "" },
    ]);
  }
});
