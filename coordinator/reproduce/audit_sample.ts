import type { DuckDBConnection } from "@duckdb/node-api";
import { datasetSize } from "../../shared/datasets.ts";
import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { groupIndexOf, type Plan, type PlannedGroup } from "../../shared/plan.ts";
import { numericWidth, type PlannedShape, trajectoryPoints } from "../../shared/shape_group.ts";
import { quote } from "../results/sql_text.ts";

/** Cells that an audit may choose of one (shape group, phase), and of all groups, roughly. */
const BUCKET_CELLS_MAX = 64;
const CANDIDATES = 1024;

/** A cell that may be trained again, and what it cost: its steps, extended horizons included. */
export interface AuditCandidate {
  readonly cell: number;
  readonly group: PlannedGroup;
  readonly phase: string;
  readonly steps: number;
}

/** How much an audit may train: cells, and operations of floating point, roughly. */
export interface AuditLimits {
  readonly cells: number;
  readonly operations: number;
}

/** The same cells whenever it is asked: a few of each group and phase, spread by a hash of the number. */
export async function readCandidates(
  connection: DuckDBConnection,
  path: string,
  plan: Plan,
): Promise<AuditCandidate[][]> {
  // Rounds add many groups of cells to few shape groups.
  const shapes = new Set(plan.groups.map(({ shape_group }) => shape_group)).size;
  const each = Math.ceil(CANDIDATES / shapes);
  const reader = await connection.runAndReadAll(`
    SELECT phase::VARCHAR AS phase,
      arg_min([cell::DOUBLE, horizon_steps::DOUBLE], (cell % 4294967296) * 2654435761 % 4294967296, ${Math.min(BUCKET_CELLS_MAX, each)}) AS cells
    FROM read_parquet(${quote(path)})
    GROUP BY shape_group, numeric_class, phase ORDER BY min(cell)`);
  const buckets = reader.getRowObjectsJS() as unknown as {
    phase: string;
    cells: [number, number][];
  }[];
  return buckets.map(({ phase, cells }) =>
    cells.map(([cell, steps]) => ({
      ...{ cell, phase, steps },
      group: plan.groups[groupIndexOf(plan, cell)]!,
    })),
  );
}

/**
 * Takes cells in turns over numeric classes, phases and groups, as long as the limits allow it; one
 * that alone would be too much is passed over. `costOf` in operations. Ascending cells. Pure.
 */
export function chooseSample(
  buckets: readonly (readonly AuditCandidate[])[],
  { cells, operations }: AuditLimits,
  costOf: (candidate: AuditCandidate) => number,
): AuditCandidate[] {
  // The first buckets of every kind come first, then the second ones, spread over the plan.
  const seen = new Map<string, number>();
  const ranked = spread(buckets).map((bucket) => {
    const kind = `${bucket[0]!.group.numeric_class} ${bucket[0]!.phase}`;
    const rank = seen.get(kind) ?? 0;
    seen.set(kind, rank + 1);
    return { bucket, rank };
  });
  ranked.sort((a, b) => a.rank - b.rank);
  const chosen: AuditCandidate[] = [];
  let left = operations;
  for (let turn = 0; turn < BUCKET_CELLS_MAX; turn++) {
    for (const { bucket } of ranked) {
      const candidate = bucket[turn];
      if (candidate === undefined || chosen.length >= cells) continue;
      const cost = costOf(candidate);
      if (cost > left) continue;
      left -= cost;
      chosen.push(candidate);
    }
  }
  return chosen.sort((a, b) => a.cell - b.cell);
}

/** Items in an order that is even over the list however early one stops: that of reversed bits. */
function spread<T>(items: readonly T[]): T[] {
  const bits = Math.ceil(Math.log2(Math.max(2, items.length)));
  const reversed = (index: number) => {
    let result = 0;
    for (let bit = 0; bit < bits; bit++) result = result * 2 + ((index >> bit) & 1);
    return result;
  };
  return Array.from({ length: 2 ** bits }, (_, index) => reversed(index))
    .filter((index) => index < items.length)
    .map((index) => items[index]!);
}

/** Products with the Hessian that Lanczos takes, roughly. */
const LANCZOS_PRODUCTS = 60;

/** Operations that training a cell again takes, roughly: by its own engine. */
export function ownCost({
  group: { shape, numeric_class },
  steps,
}: Pick<AuditCandidate, "group" | "steps">): number {
  const { samples: n, features: d } = datasetSize(shape.dataset);
  const m = numericWidth(shape) ?? 0;
  const points = measuredPoints(shape);
  if (numeric_class === FLOAT64_EXACT) {
    const rank = Math.min(d, n, 64);
    const drawn = Number.isFinite(m) ? Math.min(m, 20_000) * d * 40 : 0;
    return drawn + steps * (4 * n * rank + 4 * rank * rank) + points * 200 * rank ** 3;
  }
  const step = 6 * weightsOf(shape) + 4 * n * d;
  return (steps + points * LANCZOS_PRODUCTS) * step;
}

/** And by the reference engine; infinite where it has no explicit net. */
export function referenceCost({ group: { shape }, steps }: AuditCandidate): number {
  if (shape.width === "infinite") return Number.POSITIVE_INFINITY;
  const { samples: n } = datasetSize(shape.dataset);
  const weights = weightsOf(shape);
  const products = steps + measuredPoints(shape) * (LANCZOS_PRODUCTS + n);
  return 8 * n * weights * products;
}

/** Weights of the explicit net. */
function weightsOf(shape: PlannedShape): number {
  const { features: d } = datasetSize(shape.dataset);
  const m = numericWidth(shape) ?? 0;
  return shape.hidden_layers === 0 ? d : m * (d + 1) + (shape.hidden_layers - 1) * m * m;
}

/** States whose eigenvalues are taken. */
function measuredPoints(shape: PlannedShape): number {
  return shape.measure.length === 0 ? 0 : 2 + trajectoryPoints(shape);
}
