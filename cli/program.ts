import { Command, Help, type Option } from "commander";
import { packageVersion } from "../shared/package_info.ts";
import { EXIT_CODES, exitCodesOf } from "./exit_codes.ts";
import { CommandLineError } from "./failure/command_line_error.ts";
import { addFleetCommands } from "./fleet_commands.ts";
import { addResultsCommands } from "./results_commands.ts";
import { addSweepCommands } from "./sweep_commands.ts";
import { addTheoryCommands } from "./theory_commands.ts";
import { addToolCommands } from "./tool_commands.ts";

/** The whole command line. Help, completion and docs/commands.md are made from what stands here. */
export function buildProgram(): Command {
  const program = new Command("phasesweep")
    .description("Sweeps that locate the learning-rate phases of deep linear networks.")
    .version(packageVersion, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this")
    .configureHelp({ groupItems, formatHelp })
    // Errors are told by whoever runs this, as a place, a problem and a fix.
    .configureOutput({ outputError() {} })
    .showSuggestionAfterError();
  program.addHelpText(
    "after",
    `
Examples:
  phasesweep                                  the first steps
  phasesweep init sweep.yaml                  write a sweep file of your own
  phasesweep run sweeps/paper/figure3.yaml    compute one that ships with the program
  phasesweep run --help                       options and examples of a command`,
  );
  program.commandsGroup("Sweeps on this machine:");
  addSweepCommands(program);
  program.commandsGroup("Results:");
  addResultsCommands(program);
  program.commandsGroup("Fleets:");
  addFleetCommands(program);
  program.commandsGroup("Theory and single runs:");
  addTheoryCommands(program);
  program.commandsGroup("This program:");
  addToolCommands(program);
  program.helpCommand("help [command]", "print the help of a command");
  for (const command of [program, ...program.commands]) {
    command.exitOverride((error) => {
      throw new CommandLineError(command, error);
    });
  }
  return program;
}

/** Options that are a command's own stand before those that many have. */
function groupItems<Item extends Command | Option>(
  unsorted: Item[],
  visible: Item[],
  groupOf: (item: Item) => string,
): Map<string, Item[]> {
  const inOrder = [...unsorted, ...visible].map(groupOf);
  const headings = new Set(["Options:", ...inOrder]);
  const groups = [...headings].map(
    (heading) => [heading, visible.filter((item) => groupOf(item) === heading)] as const,
  );
  return new Map(groups.filter(([, items]) => items.length > 0));
}

const formatHelp: Help["formatHelp"] = (command, helper) => {
  const codes =
    command.parent === null ? exitCodesText() : `Exit codes: ${exitCodesOf(command.name())}`;
  return `${Help.prototype.formatHelp.call(helper, command, helper)}\n${codes}\n`;
};

function exitCodesText(): string {
  const lines = EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`);
  return ["Exit codes:", ...lines].join("\n");
}
