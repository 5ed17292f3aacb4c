import { type Command, Option } from "commander";
import { LOSSES } from "../shared/losses.ts";
import { wholeNumber } from "./arguments.ts";
import { httpWithDashboard } from "./http_options.ts";
import { DATA_NAMES, FINDS } from "./init/answers.ts";
import { backend, devices, json, slots } from "./options.ts";
import { progress, quiet } from "./progress/progress_options.ts";

/** Commands that begin with a sweep file, on this machine. */
export function addSweepCommands(program: Command): void {
  program
    .command("init")
    .description("ask three questions and write a commented sweep file")
    .argument("[file]", "the file to write", "sweep.yaml")
    .option(
      "--data <name>",
      `${DATA_NAMES.join(", ")} or the path of a CSV file with two labels in a column label, or in its last`,
    )
    .addOption(new Option("--loss <name>", "loss").choices(LOSSES))
    .addOption(
      new Option(
        "--find <what>",
        "grid: phases on a grid; boundaries: η0 and η1 to a tolerance; map: a picture over learning rate and weight variance",
      ).choices(FINDS),
    )
    .option("--budget <how much>", "a time for this machine (30s, 5m, 2h), or a number of cells")
    .option("--yes", "ask nothing: defaults for what is not given")
    .addOption(json())
    .addHelpText(
      "after",
      `
Examples:
  phasesweep init
  phasesweep init mine.yaml --data example4 --loss logistic --find boundaries --budget 1m`,
    )
    .action(async (file, options) => {
      const { initCommand } = await import("./commands/init.ts");
      await initCommand(file, options);
    });

  program
    .command("run")
    .description("run sweeps on this machine, to Parquet and the phase boundaries")
    .argument(
      "<sweep...>",
      "sweep files (YAML), run one after another; sweeps/… ship with the program",
    )
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
    .argument("<sweep...>", "sweep files (YAML); sweeps/… ship with the program")
    .option(
      "--results <dir>",
      "folder in which it would run, of several sweeps DIR/NAME (default: results/NAME)",
    )
    .addOption(backend())
    .addOption(json())
    .addHelpText(
      "after",
      `
Examples:
  phasesweep plan sweeps/paper/figure3.yaml
  phasesweep plan sweeps/boundaries.yaml --json`,
    )
    .action(async (sweeps, options) => {
      const { planCommand } = await import("./commands/plan.ts");
      await planCommand(sweeps, options);
    });
}
