import { type Command, Option } from "commander";
import { SWEEP_CELLS_MAX } from "../shared/limits.ts";
import { positiveNumber, wholeNumber } from "./arguments.ts";
import { json } from "./options.ts";
import { RETRAIN_ENGINES } from "./retrain_engines.ts";

/** Commands that read the results folder of a finished sweep. */
export function addResultsCommands(program: Command): void {
  program
    .command("report")
    .description(
      "write one self-contained HTML page of results folders, with all pictures beside it",
    )
    .argument("<dir...>", "results folders of finished sweeps")
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
    .option(
      "--group <id>",
      "the first characters of the shape group, where several have such a cell",
    )
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
      new Option("--markdown", "print what sweeps of the paper find, as Markdown").conflicts(
        "json",
      ),
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
}
