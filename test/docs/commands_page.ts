import type { Command } from "commander";
import { EXIT_CODES } from "../../cli/exit_codes.ts";
import { buildProgram } from "../../cli/program.ts";
import { markdownTable } from "./table.ts";

/** docs/commands.md, made from the program that parses the command line. */
export function commandsPage(): string {
  const program = buildProgram();
  const commands = visible(program);
  return [
    "# Commands",
    "",
    "Made from the command line itself by `npm run docs`, and held against it by a test.",
    "`phasesweep COMMAND --help` prints the same.",
    "",
    ...markdownTable([
      ["command", "what it does"],
      ...commands.map((command) => [
        `[\`${command.name()}\`](#${command.name()})`,
        command.description(),
      ]),
    ]),
    "",
    "## Exit codes",
    "",
    ...markdownTable([
      ["code", "meaning"],
      ...EXIT_CODES.map(({ code, meaning }) => [String(code), meaning]),
    ]),
    "",
    "## For scripts",
    "",
    "With `--json` a command prints one JSON document on standard output and nothing else there, also of",
    "errors; progress and notes go to standard error. `phasesweep schema COMMAND` prints the document's JSON",
    "Schema, and [results.md](results.md#json-documents) has the keys in short. `watch`, `submit --watch`, `serve` and",
    "`worker` print an object a line; of the last two the first says which address they took, so that `serve --listen",
    "127.0.0.1:0 --json` may choose it. `completion` prints a script for a shell, in any case.",
    "",
    ...commands.flatMap((command) => section(command, "##", "phasesweep")),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

/** Commands that help shows, but for help itself. */
function visible(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== "help");
}

function section(command: Command, level: string, parent: string): string[] {
  const help = command.createHelp();
  const name = `${parent} ${command.name()}`;
  const takes = [
    ...help
      .visibleArguments(command)
      .map((argument) => [help.argumentTerm(argument), help.argumentDescription(argument)]),
    ...help
      .visibleOptions(command)
      .filter(({ long }) => long !== "--help")
      .map((option) => [help.optionTerm(option), help.optionDescription(option)]),
  ];
  const usage = [name, ...command.usage().split(" ")].join(" ");
  return [
    `${level} ${command.name()}`,
    "",
    sentence(command.description()),
    "",
    ...block(usage),
    ...(takes.length === 0
      ? []
      : [
          ...markdownTable([
            ["", ""],
            ...takes.map(([term, description]) => [`\`${term}\``, description!]),
          ]),
          "",
        ]),
    ...block(afterHelp(command)),
    ...visible(command).flatMap((inner) => section(inner, `${level}#`, name)),
  ];
}

/** What help prints behind the options, such as examples. */
function afterHelp(command: Command): string {
  let printed = "";
  command.configureOutput({
    writeOut: (text) => {
      printed += text;
    },
    getOutHasColors: () => false,
    getOutHelpWidth: () => 200,
  });
  command.outputHelp();
  return printed.slice(command.helpInformation().length).trim();
}

function block(text: string): string[] {
  return text === "" ? [] : [...text.split("\n").map((line) => `    ${line}`.trimEnd()), ""];
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
