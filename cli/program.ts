import { Command } from "commander";
import { packageVersion } from "../shared/package_info.ts";
import { EXIT_CODES } from "./exit_codes.ts";
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
    .helpCommand("help [command]", "print the help of a command")
    // Errors are told by whoever runs this, as a place, a problem and a fix.
    .configureOutput({ outputError() {} })
    .showSuggestionAfterError();
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
  program.addHelpText("after", `\n${exitCodesText()}`);
  for (const command of [program, ...program.commands]) {
    command.exitOverride((error) => {
      throw new CommandLineError(command, error);
    });
  }
  return program;
}

function exitCodesText(): string {
  const lines = EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`);
  return ["Exit codes:", ...lines].join("\n");
}
