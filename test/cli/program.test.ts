import { expect, test } from "vitest";
import { buildProgram } from "../../cli/program.ts";

/** What `phasesweep COMMAND --help` prints on a terminal of 80 columns. */
function helpOf(name: string): string {
  const program = buildProgram();
  const command = program.commands.find((each) => each.name() === name)!;
  let printed = "";
  command.configureOutput({
    writeOut: (text) => {
      printed += text;
    },
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return printed;
}

const program = buildProgram();
const names = program
  .createHelp()
  .visibleCommands(program)
  .map((command) => command.name())
  .filter((name) => name !== "help");

test("the help of every command has its options, exit codes and an example", () => {
  expect(names.length).toBeGreaterThan(25);
  for (const name of names) {
    const help = helpOf(name);
    expect(help, name).toContain("\nOptions:\n");
    expect(help, name).toMatch(/\nExit codes: 0 .*, 1 .*, 2 wrong input/);
    expect(help, name).toMatch(new RegExp(`\\nExamples?:\\n(.*\\n)*?.*phasesweep ${name}`));
  }
});

test("an option is called the same, and takes the same, wherever it is", () => {
  const values = new Map<string, string>();
  const own = ["--engine", "--learning-rate", "--name", "--points", "--backend"];
  for (const command of program.commands) {
    for (const { long, flags, hidden } of command.options) {
      if (hidden || long === undefined || own.includes(long)) continue;
      const value = /<.*>/.exec(flags)?.[0] ?? "";
      expect(values.get(long) ?? value, `${command.name()} ${long}`).toBe(value);
      values.set(long, value);
    }
  }
});

test("what several commands take is said in the same words, but for doctor, which only looks", () => {
  const words = new Map<string, Set<string>>();
  for (const command of program.commands.filter((each) => each.name() !== "doctor")) {
    for (const { long, description, hidden } of command.options) {
      if (hidden || long == null) continue;
      words.set(long, (words.get(long) ?? new Set()).add(description));
    }
  }
  const differing = [...words].filter(([, said]) => said.size > 1).map(([long]) => long);
  // Each of these is something else for each command: a folder of one sweep or of all, JSON as lines.
  expect(differing.toSorted()).toEqual([
    "--engine",
    "--http",
    "--journal",
    "--json",
    "--learning-rate",
    "--name",
    "--points",
    "--results",
  ]);
});
