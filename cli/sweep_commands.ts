import { type Command, Option } from "commander";
import { wholeNumber } from "./arguments.ts";
import { httpWithDashboard } from "./http_options.ts";
import { backend, devices, json, slots } from "./options.ts";
import { progress, quiet } from "./progress/progress_options.ts";

/** Commands that begin with a sweep file, on this machine. */
export function addSweepCommands(program: Command): void {
  program
    .command("run")
    .description("run sweeps on this machine, to Parquet and the phase boundaries")
    .argument("<sweep...>", "sweep files (YAML), run one after another")
    .option(
      "--results <dir>",
      "folder for everything that is written, of several sweeps DIR/NAME (default: results/NAME)",
    )
    .addOption(
      new Option("--workers <n>", "worker processes").argParser(wholeNumber(1, 64)).default(1),
    )
    .addOption(slots())
    .addOption(backend())
    .addOption(devices())
    .addOption(httpWithDashboard())
    .option(
      "--open",
      "show the dashboard in a browser, at a free port unless --http gives one, until Ctrl-C",
    )
    .option("--retry-failed", "try once more the cells that a finished sweep lacks")
    .addOption(json())
    .addOption(progress())
    .addOption(quiet())
    .addHelpText(
      "after",
      `
Examples:
  phasesweep run sweeps/paper/figure3.yaml
  phasesweep run sweeps/paper/*.yaml`,
    )
    .action(async (sweeps, options) => {
      const { runCommand } = await import("./commands/run_sweeps.ts");
      process.exitCode = await runCommand(sweeps, options);
    });

  program
    .command("plan")
    .description("print what sweep files would run and what is cached; runs and writes nothing")
    .argument("<sweep...>", "sweep files (YAML)")
    .option(
      "--results <dir>",
      "folder in which it would run, of several sweeps DIR/NAME (default: results/NAME)",
    )
    .addOption(backend())
    .addOption(json())
    .action(async (sweeps, options) => {
      const { planCommand } = await import("./commands/plan.ts");
      await planCommand(sweeps, options);
    });
}
