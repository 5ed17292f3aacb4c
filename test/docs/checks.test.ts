import { describe, expect, test } from "vitest";
import { codeBlocks, commandsOf } from "./code_blocks.ts";
import { commandProblem, treatmentOf } from "./page_commands.ts";
import { simpleCommands } from "./shell_words.ts";
import { outputProblem } from "./shown_output.ts";

/** What holds the pages must find what is wrong with one. */
describe("commands", () => {
  const commands = (page: string) => codeBlocks(page).flatMap(commandsOf);

  test("are all lines of a block, over backslashes, pipes and quotes, or those behind `$ `", () => {
    const page = [
      "Text.",
      "",
      '    phasesweep query DIR "SELECT 1,',
      '      2" # why',
      "    npm test",
      "",
      "More, and a list that has no code:",
      "",
      "- one",
      "",
      "```",
      "$ phasesweep plan \\",
      "  a.yaml",
      "two lines",
      "",
      "of output",
      "",
      "$ phasesweep doctor",
      "```",
    ].join("\n");
    expect(commands(page)).toEqual([
      { line: 3, text: 'phasesweep query DIR "SELECT 1,\n  2" # why', output: undefined },
      { line: 5, text: "npm test", output: undefined },
      {
        line: 12,
        text: "phasesweep plan \\\n  a.yaml",
        output: ["two lines", "", "of output"],
      },
      { line: 18, text: "phasesweep doctor", output: [] },
    ]);
  });

  test("do not hide among other code", () => {
    expect(() => commands("Text.\n\n    name: a\n    phasesweep run a.yaml\n")).toThrow(/no block/);
    expect(commands("Text.\n\n    name: a\n    seeds: 3\n")).toEqual([]);
  });

  test("of programs that nobody knows, with options that are none or files that are not there fail", () => {
    const problem = (text: string) => commandProblem("README.md", text);
    expect(problem("phasesweep run sweeps/paper/figure3.yaml --slots 2 | head")).toBeUndefined();
    expect(problem("phasesweep run sweeps/paper/figure33.yaml")).toContain("there is no sweeps/");
    expect(problem("phasesweep run a.yaml --slot 2")).toContain("--slot");
    expect(problem("phasesweep fly a.yaml")).toContain("fly");
    expect(problem("npm run fly")).toContain("no script");
    expect(problem("npm ci && fly away")).toContain("no test knows");
    expect(problem("phasesweep query DIR 'SELECT")).toContain("unexpected EOF");
    expect(problem("phasesweep fly [options]")).toContain("fly");
  });

  test("are run unless they need a fleet, names of the reader's or minutes", () => {
    const treatment = (text: string) => treatmentOf("docs/results.md", text);
    expect(treatment("phasesweep run sweeps/paper/figure3.yaml")).toBe("run");
    expect(treatment("npm ci && npx phasesweep doctor")).toBe("run");
    expect(treatment('phasesweep query results/a "SELECT NAME FROM DIR"')).toBe("run");
    expect(treatment("phasesweep run SWEEP.yaml")).toBe("parse");
    expect(treatment("phasesweep worker --coordinator node1:7070")).toBe("parse");
    expect(treatmentOf("docs/tutorial.md", "phasesweep worker")).toBe("background");
  });
});

test("words of shell are those of a shell", () => {
  expect(simpleCommands(`A=1 npm run 'a b' "c;d" > out 2>&1 && x <in | y # z`)).toEqual([
    ["A=1", "npm", "run", "a b", "c;d"],
    ["x"],
    ["y"],
  ]);
});

test("output that a page shows is compared, but for times and what it leaves out", () => {
  const printed = "first 1\ndone in 3.2 s (17 cells/s)\nmiddle\nlast\n";
  expect(
    outputProblem(["first 1", "done in 0.1 s (9,000 cells/s)", "middle", "last"], printed),
  ).toBe(undefined);
  expect(outputProblem(["first 1", "…", "last"], printed)).toBeUndefined();
  expect(outputProblem(["…"], printed)).toBeUndefined();
  expect(outputProblem(["first 2", "…"], printed)).toContain('shows "first 2"');
  expect(outputProblem(["first 1", "…", "least"], printed)).toContain('shows "least"');
  expect(outputProblem(["first 1"], printed)).toContain("does not show");
  expect(outputProblem(["first 1", "…", "last", "more"], printed)).toContain("nothing more");
});
