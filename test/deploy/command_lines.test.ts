import { Command } from "commander";
import { expect, test } from "vitest";
import { addFleetCommands } from "../../cli/fleet_commands.ts";
import { commandLines } from "./command_lines.ts";

/** Commands of one machine, which deploy/ mentions at most in passing. */
const OTHERS = ["run", "plan", "query", "analyze", "report", "doctor"];

/** What is wrong with a command line, by the options that commands really have. */
function problemOf(args: readonly string[]): string | undefined {
  const program = new Command().exitOverride().configureOutput({ writeErr() {}, writeOut() {} });
  addFleetCommands(program);
  for (const command of program.commands) {
    command.exitOverride().configureOutput({ writeErr() {}, writeOut() {} });
    command.action(() => {});
  }
  if (OTHERS.includes(args[0]!) || args[0] === "--help") return undefined;
  try {
    program.parse([...args], { from: "user" });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test("every command line under deploy/ is one that phasesweep takes", () => {
  const lines = commandLines();
  const problems = lines.flatMap(({ file, args }) => {
    const problem = problemOf(args);
    return problem === undefined ? [] : [`${file}: phasesweep ${args.join(" ")}: ${problem}`];
  });
  expect(problems).toEqual([]);
  // Each kind of file is there.
  for (const [kind, least] of [
    [/kubernetes\/.*yaml$/, 3],
    [/compose\.yaml$/, 4],
    [/Dockerfile/, 3],
    [/\.service$/, 2],
    [/\.md$/, 4],
  ] as const) {
    const count = lines.filter(({ file }) => kind.test(file)).length;
    expect(count, String(kind)).toBeGreaterThanOrEqual(least);
  }
});

test("a wrong option, value or command is found", () => {
  expect(problemOf(["serve", "--listne=0.0.0.0:7070"])).toContain("unknown option '--listne");
  expect(problemOf(["worker", "--slots=many"])).toContain("--slots");
  expect(problemOf(["worker", "--backend=none"])).toContain("Allowed choices");
  expect(problemOf(["serf"])).toContain("unknown command");
});
