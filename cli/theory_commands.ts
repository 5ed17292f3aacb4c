import { type Command, Option } from "commander";
import { SWEEP_GROUPS_MAX, WIDTH_MAX } from "../shared/limits.ts";
import { LOSSES } from "../shared/losses.ts";
import { positiveNumber, positiveRange, wholeNumber } from "./arguments.ts";
import { json, jsonAnyway } from "./options.ts";

/** Commands that look more closely at results, or at the theory that they are held against. */
export function addTheoryCommands(program: Command): void {
  program
    .command("zoom")
    .description("print the sweep file of a window of a map (map.svg), as finely as you like")
    .argument("<dir>", "results folder of a finished sweep")
    .requiredOption("--learning-rate <from:to>", "learning rates of the window", positiveRange)
    .requiredOption("--y <from:to>", "values of the map's other number", positiveRange)
    .addOption(
      new Option("--points <n>", "about so many of each")
        .argParser(wholeNumber(2, SWEEP_GROUPS_MAX))
        .default(512),
    )
    .addOption(
      new Option("--map <n>", "which map, where there are several")
        .argParser(wholeNumber(1, SWEEP_GROUPS_MAX))
        .default(1),
    )
    .addOption(json())
    .addHelpText(
      "after",
      "\nExample:\n  phasesweep zoom results/map-variance --learning-rate 36:56 --y 0.012:0.06 > zoom.yaml",
    )
    .action(async (dir, options) => {
      const { zoomCommand } = await import("./commands/zoom.ts");
      await zoomCommand(dir, options);
    });

  program
    .command("theory")
    .description("hold the paper's theorems against the runs of a results folder")
    .argument("<dir>", "results folder of a finished sweep")
    .addOption(json())
    .addHelpText("after", "\nExample:\n  phasesweep theory results/figure2")
    .action(async (dir, options) => {
      const { theoryCommand } = await import("./commands/theory.ts");
      await theoryCommand(dir, options);
    });

  program
    .command("phi")
    .description("print the curve φ of Figures 5 and 6, which says where a step raises the loss")
    .addOption(new Option("--loss <name>", "loss").choices(LOSSES).default("logistic"))
    .addOption(
      new Option("--learning-rate <eta>", "learning rate η")
        .argParser(positiveNumber)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--ntk <lambda>", "NTK eigenvalue λ").argParser(positiveNumber).default(1),
    )
    .addOption(
      new Option("--width <m>", "hidden width (default: linear predictor)").argParser(
        wholeNumber(1, WIDTH_MAX),
      ),
    )
    .addOption(new Option("--to <x>", "last x").argParser(positiveNumber).default(10))
    .addOption(
      new Option("--points <n>", "points from 0 on")
        .argParser(wholeNumber(2, 1_000_000))
        .default(201),
    )
    .addOption(json())
    .addHelpText(
      "after",
      "\nExample:\n  phasesweep phi --loss exponential --learning-rate 10 --to 3",
    )
    .action(async (options) => {
      const { phiCommand } = await import("./commands/theory.ts");
      phiCommand(options);
    });

  program
    .command("trace")
    .description(
      "train single runs step by step: losses, measures and phase as JSON (docs/trace.md)",
    )
    .argument("<cases>", "JSON file with a list of cases; - reads standard input")
    .addOption(
      new Option(
        "--engine <name>",
        "gram; reference: every weight explicit, any depth; dense: as sweeps of deep nets, in float32",
      )
        .choices(["gram", "reference", "dense"])
        .default("gram"),
    )
    .option("--grid", "only the phases, at the list `learning_rates` of each case")
    .addOption(jsonAnyway())
    .addHelpText(
      "after",
      `
Examples:
  phasesweep trace cases.json
  phasesweep trace - --engine reference < cases.json
  phasesweep trace grids.json --grid`,
    )
    .action(async (cases, options) => {
      const { traceCommand } = await import("./commands/trace.ts");
      await traceCommand(cases, options);
    });

  program
    .command("locate")
    .description("find the phase boundaries of single starts, as JSON (docs/trace.md)")
    .argument("<cases>", "JSON file with a list of cases; - reads standard input")
    .addOption(jsonAnyway())
    .addHelpText("after", "\nExample:\n  phasesweep locate cases.json")
    .action(async (cases) => {
      const { locateCommand } = await import("./commands/locate.ts");
      locateCommand(cases);
    });
}
