import { datasetLabel, modelLabel, plain } from "../../coordinator/analysis/labels.ts";
import {
  type CellComparison,
  type ColumnComparison,
  compareCell,
  toleranceBetween,
} from "../../coordinator/reproduce/compare_cell.ts";
import { type CellWish, findCell } from "../../coordinator/reproduce/find_cell.ts";
import { readStoredCells, type StoredCell } from "../../coordinator/reproduce/stored_cells.ts";
import { readPlan } from "../../coordinator/results/metadata.ts";
import { EXIT_FAILURE, UsageError } from "../../shared/errors.ts";
import type { Plan } from "../../shared/plan.ts";
import { toJson } from "../cases/json.ts";
import { mergedResultsIn, withDuckDb } from "../results_folder.ts";
import { Retrainer } from "../retrain.ts";
import type { RetrainEngine } from "../retrain_engines.ts";
import { formatColumns } from "../text/format.ts";

export interface ReproduceOptions {
  readonly seed?: number;
  readonly learningRate?: number;
  readonly group?: string;
  readonly engine: RetrainEngine;
  readonly json?: boolean;
}

/** Trains one row again and prints how it compares; resolves with the exit code. */
export async function reproduceCommand(
  folder: string,
  cell: number | undefined,
  options: ReproduceOptions,
): Promise<number> {
  if (cell !== undefined) requireNumberAlone(options);
  const path = mergedResultsIn(folder);
  const { plan, stored } = await withDuckDb(async (connection) => {
    const plan = await readPlan(connection, path);
    const number = cell ?? (await findCell(connection, path, wishOf(options)));
    checkRange(plan, number, folder);
    const [stored] = await readStoredCells(connection, path, plan, [number]);
    if (stored === undefined) throw missing(number, folder);
    return { plan, stored };
  });
  const trained = await new Retrainer(folder).train(stored.group, [stored], options.engine);
  const tolerance = toleranceBetween(stored.group.numeric_class, trained.numeric_class);
  const comparison = compareCell(stored, trained.cells[0]!, tolerance);
  const by = { engine: trained.engine, numeric_class: trained.numeric_class };
  process.stdout.write(
    options.json
      ? `${toJson(document(plan, stored, by, comparison))}\n`
      : comparisonText(plan, stored, by, comparison),
  );
  return comparison.verdict === "different" ? EXIT_FAILURE : 0;
}

interface By {
  readonly engine: string;
  readonly numeric_class: string;
}

function wishOf({ seed, learningRate, group }: ReproduceOptions): CellWish {
  if (seed !== undefined && learningRate !== undefined) {
    return { seed, learning_rate: learningRate, ...(group === undefined ? {} : { group }) };
  }
  throw new UsageError({
    place: "reproduce",
    problem: "it needs the number of a cell, or its seed and learning rate",
    fix: "for example `phasesweep reproduce results/figure3 1234`, or --seed 3 --learning-rate 8.5",
  });
}

/** A cell has one number in all groups: what else is given could only say something else. */
function requireNumberAlone({ seed, learningRate, group }: ReproduceOptions): void {
  const given = [
    ...(seed === undefined ? [] : ["--seed"]),
    ...(learningRate === undefined ? [] : ["--learning-rate"]),
    ...(group === undefined ? [] : ["--group"]),
  ];
  if (given.length === 0) return;
  throw new UsageError({
    place: `reproduce ${given.join(" ")}`,
    problem: "the number of a cell says already which one it is",
    fix: "give the number alone, or --seed and --learning-rate without it",
  });
}

function checkRange({ name, cells }: Plan, cell: number, folder: string): void {
  if (cell < cells) return;
  throw new UsageError({
    place: folder,
    problem: `sweep ${name} has no cell ${cell}`,
    fix: `give a number from 0 to ${cells - 1}`,
  });
}

function missing(cell: number, folder: string): UsageError {
  return new UsageError({
    place: folder,
    problem: `cell ${cell} is not in results.parquet: it could not be computed when the sweep ran`,
    fix: "`phasesweep run SWEEP --retry-failed` tries such cells again and says why they fail",
  });
}

function document(plan: Plan, stored: StoredCell, by: By, comparison: CellComparison) {
  const { cell, group, seed, learning_rate } = stored;
  const { shape_group, numeric_class } = group;
  return {
    sweep: plan.name,
    ...{ cell, shape_group, seed, learning_rate, numeric_class },
    again: by,
    ...comparison,
  };
}

function comparisonText(
  plan: Plan,
  stored: StoredCell,
  by: By,
  comparison: CellComparison,
): string {
  const { cell, group, seed, learning_rate } = stored;
  const { dataset, loss, weight_variance } = group.shape;
  const rows = comparison.columns.map((each) => [
    each.column,
    shown(each.stored),
    shown(each.again),
    each.relative_difference === null ? "" : each.relative_difference.toExponential(1),
    each.verdict,
  ]);
  return [
    `cell ${cell} of ${plan.name}: ${datasetLabel(dataset.name)}, ${loss}, ${modelText(stored)}, σ_w² = ${plain(weight_variance)}, seed ${seed}, η = ${learning_rate}`,
    `stored: ${group.numeric_class}; again: ${by.engine}, ${by.numeric_class}`,
    "",
    formatColumns([["column", "stored", "again", "relative difference", "verdict"], ...rows]),
    "",
    conclusion(comparison),
    "",
  ].join("\n");
}

function modelText({ group: { shape } }: StoredCell): string {
  const { hidden_layers: layers, width, bias_variance } = shape;
  const bias = bias_variance === undefined ? "" : ", with biases";
  if (layers === 0) return `${modelLabel({ model: "linear_predictor", width: null })}${bias}`;
  return `${layers} hidden ${layers === 1 ? "layer" : "layers"} of width ${width}${bias}`;
}

function shown(value: ColumnComparison["stored"]): string {
  return value === null ? "–" : String(value);
}

function conclusion({ verdict, tolerance, near_change, columns }: CellComparison): string {
  const count = (wanted: string) => columns.filter((each) => each.verdict === wanted).length;
  if (verdict === "equal") return `equal bit for bit in all ${columns.length} columns`;
  const chaos = near_change
    ? "; a learning rate next to it has another phase, where training is chaotic: only the start is judged"
    : "";
  const counts = `${count("equal")} equal, ${count("within tolerance")} within ${tolerance}, ${count("not judged")} not judged, ${count("different")} different${chaos}`;
  if (verdict === "within tolerance") return `within tolerance: ${counts}`;
  return tolerance === 0
    ? `DIFFERENT: ${count("different")} of ${columns.length} columns are not equal bit for bit, as those of float64-exact must be`
    : `DIFFERENT: ${counts}`;
}
