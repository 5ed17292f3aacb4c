import { expect, test } from "vitest";
import { commandLines } from "./command_lines.ts";
import { optionProblem } from "./option_problem.ts";

test("every command line under deploy/ is one that phasesweep takes", () => {
  const lines = commandLines();
  const problems = lines.flatMap(({ file, args }) => {
    const problem = optionProblem(args);
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
  expect(optionProblem(["serve", "--listne=0.0.0.0:7070"])).toContain("unknown option '--listne");
  expect(optionProblem(["worker", "--slots=many"])).toContain("--slots");
  expect(optionProblem(["worker", "--backend=none"])).toContain("Allowed choices");
  expect(optionProblem(["serf"])).toContain("unknown command");
});
