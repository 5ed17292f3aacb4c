#!/usr/bin/env node
import { Command, CommanderError, Option } from "commander";
import { EXIT_FAILURE, EXIT_USAGE, messageOf, UsageError } from "../shared/errors.ts";
import { SWEEP_CELLS_MAX } from "../shared/limits.ts";
import { packageVersion } from "../shared/package_info.ts";
import { sweepJsonSchema } from "../shared/spec/schema.ts";
import { positiveNumber, wholeNumber } from "./arguments.ts";
import { addFleetCommands } from "./fleet_commands.ts";
import { backend, devices, json, slots } from "./options.ts";
import { RETRAIN_ENGINES } from "./retrain_engines.ts";
import { addTheoryCommands } from "./theory_commands.ts";

const program = new Command("phasesweep")
  .description("Sweeps that locate the learning-rate phases of deep linear networks.")
  .version(packageVersion)
  .showHelpAfterError("(run with --help for usage)")
  .showSuggestionAfterError()
  .exitOverride();

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
  .option("--retry-failed", "try once more the cells that a finished sweep lacks")
  .addOption(json())
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

program
  .command("trace")
  .description("train single runs step by step: losses, measures and phase as JSON (docs/trace.md)")
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
  .addHelpText("after", "\nExample:\n  phasesweep locate cases.json")
  .action(async (cases) => {
    const { locateCommand } = await import("./commands/locate.ts");
    locateCommand(cases);
  });

addFleetCommands(program);

program
  .command("report")
  .description("write one self-contained HTML page of results folders, with all pictures beside it")
  .argument("<dirs...>", "results folders of finished sweeps")
  .option("--out <file>", "where (default: DIR/report.html, of several folders report.html)")
  .addOption(json())
  .addHelpText(
    "after",
    `
Examples:
  phasesweep report results/figure3
  phasesweep report results/figure1 results/figure3 --out paper.html`,
  )
  .action(async (dirs, options) => {
    const { reportCommand } = await import("./commands/report.ts");
    process.exitCode = await reportCommand(dirs, options);
  });

program
  .command("reproduce")
  .description("train one row of a results folder again and show the difference")
  .argument("<dir>", "results folder of a finished sweep")
  .argument("[cell]", "number of the cell", wholeNumber(0, SWEEP_CELLS_MAX))
  .addOption(
    new Option("--seed <n>", "in place of the number: the seed, with --learning-rate").argParser(
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    ),
  )
  .addOption(
    new Option("--learning-rate <eta>", "the learning rate, to 0.1 %").argParser(positiveNumber),
  )
  .option("--group <id>", "the first characters of the shape group, where several have such a cell")
  .addOption(
    new Option(
      "--engine <name>",
      "what trains it: the row's own engine and class; gram (float64); dense (float32); reference (every weight explicit, float64)",
    )
      .choices(RETRAIN_ENGINES)
      .default("same"),
  )
  .addOption(json())
  .addHelpText(
    "after",
    `
Exit codes: 0 equal or within tolerance, 1 different, 2 wrong input.
Examples:
  phasesweep reproduce results/figure3 1234
  phasesweep reproduce results/figure3 1234 --engine reference
  phasesweep reproduce results/figure3 --seed 3 --learning-rate 8.5 --group 3f`,
  )
  .action(async (dir, cell, options) => {
    const { reproduceCommand } = await import("./commands/reproduce.ts");
    process.exitCode = await reproduceCommand(dir, cell, options);
  });

program
  .command("analyze")
  .description("make boundaries, statistics and figures again from a folder's results.parquet")
  .argument("<dir...>", "results folders of finished sweeps")
  .addOption(json())
  .addOption(
    new Option("--markdown", "print what sweeps of the paper find, as Markdown").conflicts("json"),
  )
  .addHelpText(
    "after",
    `
Examples:
  phasesweep analyze results/figure3
  phasesweep analyze --markdown results/figure1 results/table1`,
  )
  .action(async (dirs, options) => {
    const { analyzeCommand } = await import("./commands/analyze.ts");
    await analyzeCommand(dirs, options);
  });

program
  .command("query")
  .description("ask a results folder in SQL (DuckDB): views results, boundaries and provenance")
  .argument("<dir>", "results folder of a finished sweep")
  .argument("<sql>", "one SELECT; - reads it from standard input")
  .addOption(
    new Option("--limit <n>", "rows to print (default: 40 in a table, all otherwise)").argParser(
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    ),
  )
  .addOption(json().conflicts("csv"))
  .option("--csv", "print comma-separated values")
  .addHelpText(
    "after",
    `
Examples:
  phasesweep query results/figure3 "SELECT dataset, loss, phase, count(*) AS cells
    FROM results GROUP BY ALL ORDER BY ALL"
  echo "SELECT seed, eta0, eta0_curvature FROM boundaries WHERE loss = 'logistic'" |
    phasesweep query results/figure3 --csv -`,
  )
  .action(async (dir, sql, options) => {
    const { queryCommand } = await import("./commands/query.ts");
    await queryCommand(dir, sql, options);
  });

addTheoryCommands(program);

program
  .command("schema")
  .description("print the JSON Schema of sweep files")
  .action(() => {
    process.stdout.write(`${JSON.stringify(sweepJsonSchema(), null, 2)}\n`);
  });

program
  .command("doctor")
  .description("print what this machine can run, and why not the rest")
  .addOption(json())
  .action(async (options) => {
    const { doctorCommand } = await import("./commands/doctor.ts");
    await doctorCommand(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
  }
}
