import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { phasesweep, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

const SWEEP = `
name: tested
dataset:
  name: tiny
  X: [[1, 0.5], [0.5, 1], [-1, 0.2], [-0.3, -1]]
  y: [1, 1, -1, -1]
  test: { X: [[1, 1], [-1, -1], [1, 0.2], [0.1, -1]], y: [1, -1, 1, 1] }
loss: logistic
model: { hidden_layers: 1, width: 20, weight_variance: 1 }
learning_rate: { from: 0.5, to: 16, points: 11 }
seeds: 6
grids:
  - training: { steps: 60 }
  - training: { steps: { physical_time: 20 }, drop: { to: 0.01, extra_steps: 10 } }
`;

test("run reports test accuracies as a table, as JSON and as a picture", async () => {
  const folder = temporaryFolder();
  const results = join(folder, "results");
  const sweep = sweepFile(folder, SWEEP);
  const first = await phasesweep("run", sweep, "--results", results);
  expect(first.code, first.stderr).toBe(0);
  expect(first.stdout).toContain("catapult − lazy, held out");
  expect(first.stdout).toContain("ηT = 20, then 10 steps at 0.01");
  const picture = join(results, "accuracy.svg");
  expect(first.stdout).toContain(`accuracy    ${picture}`);
  const bytes = readFileSync(picture, "utf8");

  const again = await phasesweep("run", sweep, "--results", results, "--json");
  const { accuracy, files } = documentOf("run", again.stdout);
  expect(files.accuracy_figure).toBe(picture);
  expect(readFileSync(picture, "utf8")).toBe(bytes);
  expect(accuracy).toHaveLength(2);
  // At small learning rates all seeds separate the data, and one test sample is labelled wrong.
  expect(accuracy[0].points[0]).toMatchObject({ seeds: 6, accuracy: { mean: 0.75 } });

  // Without test samples the picture of before does not stay behind.
  const untested = SWEEP.replace(/^ {2}test: .*$/m, "");
  const changed = await phasesweep(
    "run",
    sweepFile(folder, untested),
    "--results",
    results,
    "--json",
  );
  expect(changed.code, changed.stderr).toBe(0);
  expect(documentOf("run", changed.stdout)).toMatchObject({ accuracy: [] });
  expect(existsSync(picture)).toBe(false);
});
