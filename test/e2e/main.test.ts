import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { MAIN, phasesweep } from "./cli.ts";

/** Runs phasesweep with some variables set. */
function withVariables(env: NodeJS.ProcessEnv, ...args: string[]) {
  const options = { env: { ...process.env, ...env }, encoding: "utf8", timeout: 60_000 } as const;
  return spawnSync(process.execPath, [MAIN, ...args], options);
}

test("alone it leads through the first five minutes", async () => {
  const { code, stdout, stderr } = await phasesweep();
  expect([code, stderr]).toEqual([0, ""]);
  for (const name of ["doctor", "init", "plan", "run", "report"]) {
    expect(stdout).toContain(`phasesweep ${name}`);
  }
});

test("a reader that has seen enough is no error that is told", () => {
  const pipe = `"${process.execPath}" "${MAIN}" phi --learning-rate 1 --points 200000 | head -n 1
    echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", pipe], { encoding: "utf8" });
  expect(stdout).toBe("x,phi,derivative\n141\n");
  expect(stderr).toBe("");
});

test("a full disk behind standard output is told, and is no reader that has seen enough", () => {
  const full = `"${process.execPath}" "${MAIN}" schema > /dev/full`;
  const { status, stderr } = spawnSync("bash", ["-c", full], { encoding: "utf8" });
  expect(stderr).toBe(
    "standard output: the disk is full (ENOSPC)\n  fix: make room, and run the same command again\n",
  );
  expect(status).toBe(1);
});

test("help of a command that there is not says so", async () => {
  const { code, stdout, stderr } = await phasesweep("help", "pln");
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toBe("phasesweep help: unknown command 'pln'\n  fix: write plan\n");
  expect((await phasesweep("help", "plan")).stdout).toContain("Usage: phasesweep plan");
});

test("a variable with a slip in its name is told with the right one, and others are left alone", () => {
  const wrong = withVariables({ PHASESWEEP_COORDINATR: "node1:7070" }, "schema");
  expect(wrong.stderr).toBe(
    "PHASESWEEP_COORDINATR: nothing reads this variable\n  fix: set PHASESWEEP_COORDINATOR in its place\n",
  );
  expect(wrong.status).toBe(0);
  expect(withVariables({ PHASESWEEP_UID: "1000" }, "schema").stderr).toBe("");
});

test("a value from the environment is refused like one of the command line", () => {
  const { status, stderr } = withVariables({ PHASESWEEP_PROGRESS: "loud" }, "run", "a.yaml");
  expect(status).toBe(2);
  expect(stderr).toBe(
    "PHASESWEEP_PROGRESS: 'loud' is none of its values\n  fix: give one of auto, bar, lines, json, none\n",
  );
});

test("where an error comes from is told to those who ask", () => {
  const { stderr } = withVariables({ PHASESWEEP_DEBUG: "1" }, "plan", "none.yaml");
  expect(stderr).toMatch(/^none\.yaml: no such file\n {2}fix: [\s\S]*\n +at /);
  expect(withVariables({}, "plan", "none.yaml").stderr).not.toMatch(/^ +at /m);
});
