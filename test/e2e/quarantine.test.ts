import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MAIN, packageCopy, sweepFile, temporaryFolder } from "./cli.ts";

const SWEEP = `
name: poisoned
dataset: example3
loss: logistic
model: { hidden_layers: 1, width: 10 }
learning_rate: [1, 2, 4, 8]
seeds: 300
`;

/** A copy of the built package in which something happens at one cell. */
function poisonedPackage(happens: string): string {
  const folder = packageCopy();
  const task = join(folder, "dist/worker/shard_task.js");
  const sound = readFileSync(task, "utf8");
  const call = "const engine = engineFor(";
  expect(sound).toContain(call);
  const poison = `if (first_cell <= 777 && 777 < first_cell + cell_count) ${happens};`;
  writeFileSync(task, sound.replace(call, `${poison}\n    ${call}`));
  return join(folder, "dist/cli/main.js");
}

test.each([
  { what: "throws", happens: 'throw new Error("poison")', error: "cell 777: poison" },
  {
    what: "kills its process",
    happens: 'process.kill(process.pid, "SIGSEGV")',
    error: "cell 777: brought down 3 processes that had nothing else in hand",
  },
])("one cell that $what is named, and everything else is in the results", (poison) => {
  const main = poisonedPackage(poison.happens);
  const folder = temporaryFolder();
  const args = ["run", sweepFile(folder, SWEEP), "--results", join(folder, "results"), "--json"];
  const run = () => spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  const { status, stdout, stderr } = run();
  expect(stderr).toContain(poison.error);
  expect(status).toBe(1);
  const { phases, cells } = JSON.parse(stdout);
  const counted = Object.values(phases as Record<string, number>).reduce((a, b) => a + b, 0);
  expect(cells).toBe(1200);
  expect(counted).toBe(1199);
  // The next start knows it still, and does not compute the rest again.
  const again = run();
  expect(again.status).toBe(1);
  expect(again.stderr).toContain(poison.error);
  // A sound engine, asked to, computes the one that is missing.
  const mended = spawnSync(process.execPath, [MAIN, ...args, "--retry-failed"], {
    encoding: "utf8",
  });
  expect(mended.status).toBe(0);
  expect(JSON.parse(mended.stdout)).toMatchObject({ cells_computed: 1, cells_cached: 1199 });
});

test("an engine that can compute nothing is told at once, and not after every cell", () => {
  const main = poisonedPackage("0; throw new Error('no engine')");
  const folder = temporaryFolder();
  const args = ["run", sweepFile(folder, SWEEP), "--results", join(folder, "results")];
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toContain("not one cell could be computed so far");
  expect(stderr).toContain("no engine");
  expect(stderr.split("cells ").length).toBeLessThan(100);
});
