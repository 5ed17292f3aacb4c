import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MAIN, Spawned, skipBecause, sweepFile, temporaryFolder } from "./cli.ts";

const SWEEP = `
name: shown
dataset: example3
model: { hidden_layers: 1, width: 100, weight_variance: 0.5 }
loss: logistic
learning_rate: { from: 0.5, to: 60, points: 513 }
seeds: 300
training: { steps: 100 }
`;

const ESCAPE = "\x1b";
const CLEAR = `${ESCAPE}[J`;
const COLOURS = new RegExp(`${ESCAPE}\\[\\d+m`, "g");

/** What `run` prints on a terminal of so many columns. */
async function onTerminal(columns: number, environment: string): Promise<string> {
  const folder = temporaryFolder();
  const sweep = sweepFile(folder, SWEEP);
  const run = `${process.execPath} ${MAIN} run ${sweep} --results ${join(folder, "results")}`;
  const command = `stty cols ${columns}; env -u CI -u NO_COLOR ${environment} ${run}`;
  const { code, stdout } = await new Spawned("script", ["-qec", command, "/dev/null"]).finished;
  expect(code).toBe(0);
  return stdout;
}

test("on a real terminal the line fits, and is gone when the results are printed", async (ctx) => {
  const isThere = spawnSync("script", ["--version"]).status === 0;
  skipBecause(isThere ? undefined : "there is no `script` to make a terminal", ctx.skip);
  const output = await onTerminal(50, "TERM=xterm");
  const drawn = output.split(CLEAR).filter((text) => text.includes(" % · "));
  expect(drawn.length).toBeGreaterThan(1);
  for (const text of drawn) {
    const line = text.slice(text.lastIndexOf("\r") + 1).replaceAll(COLOURS, "");
    expect(line.length).toBeLessThan(50);
    expect(line).not.toContain("\n");
  }
  expect(output).toContain(`\r${CLEAR}sweep shown: `);

  const dumb = await onTerminal(50, "TERM=dumb");
  expect(dumb).toContain(" % · ");
  expect(dumb).not.toContain("\x1b");
});
