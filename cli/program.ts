import { Command } from "commander";
import { packageVersion } from "../shared/package_info.ts";
import { addFleetCommands } from "./fleet_commands.ts";
import { addResultsCommands } from "./results_commands.ts";
import { addSweepCommands } from "./sweep_commands.ts";
import { addTheoryCommands } from "./theory_commands.ts";
import { addToolCommands } from "./tool_commands.ts";

/** The whole command line. Help, completion and docs/commands.md are made from what stands here. */
export function buildProgram(): Command {
  const program = new Command("phasesweep")
    .description("Sweeps that locate the learning-rate phases of deep linear networks.")
    .version(packageVersion)
    .showHelpAfterError("(run with --help for usage)")
    .showSuggestionAfterError()
    .exitOverride();
  addSweepCommands(program);
  addFleetCommands(program);
  addResultsCommands(program);
  addTheoryCommands(program);
  addToolCommands(program);
  return program;
}
