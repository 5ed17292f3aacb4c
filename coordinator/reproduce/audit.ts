import type { DuckDBConnection } from "@duckdb/node-api";
import { messageOf } from "../../shared/errors.ts";
import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import {
  type AuditCandidate,
  type AuditLimits,
  chooseSample,
  ownCost,
  readCandidates,
  referenceCost,
} from "./audit_sample.ts";
import { compareCell, toleranceBetween } from "./compare_cell.ts";
import { readStoredCells, type StoredCell } from "./stored_cells.ts";
import type { TrainedCell } from "./trained_cell.ts";

/** What trains cells again; engines belong to workers, so whoever asks for an audit brings it along. */
export interface AuditEngine {
  /** In the order of the starts. @throws Error that says why the engine does not take the group */
  train(
    group: PlannedGroup,
    starts: readonly { readonly seed: number; readonly learning_rate: number }[],
    engine: "same" | "reference",
  ): Promise<{ readonly numeric_class: string; readonly cells: readonly TrainedCell[] }>;
}

/** Cells of one numeric class that were trained again by one engine. */
export interface AuditResult {
  readonly numeric_class: string;
  readonly engine: "same" | "reference";
  readonly cells: number;
  readonly equal: number;
  readonly within_tolerance: number;
  /** Relative; 0: bit for bit. */
  readonly tolerance: number;
  /** Of those within tolerance, how many stand next to a change of phase, where only the start is judged. */
  readonly near_change: number;
  readonly different: readonly { readonly cell: number; readonly columns: readonly string[] }[];
  /** Chosen cells that could not be trained here, and why. */
  readonly skipped: number;
  readonly problem: string | null;
}

export interface Audit {
  /** Cells that are in the results, and those that were trained again by their own engine. */
  readonly cells: number;
  readonly audited: number;
  readonly results: readonly AuditResult[];
}

/** A few seconds on one core, whatever the nets. */
const OWN_LIMITS: AuditLimits = { cells: 64, operations: 1e10 };
const REFERENCE_LIMITS: AuditLimits = { cells: 16, operations: 1e9 };

/**
 * Trains a sample of a merged file's cells again, the same one each time: by the engine and in the
 * class that they have, and a smaller one with every weight explicit in float64.
 */
export async function auditResults(
  connection: DuckDBConnection,
  path: string,
  plan: Plan,
  engine: AuditEngine,
): Promise<Audit> {
  const buckets = await readCandidates(connection, path, plan);
  const counted = await connection.runAndReadAll(`SELECT sum(num_rows)::DOUBLE
    FROM parquet_file_metadata('${path.replaceAll("'", "''")}')`);
  const own = chooseSample(buckets, OWN_LIMITS, ownCost);
  const reference = chooseSample(buckets, REFERENCE_LIMITS, referenceCost);
  const cells = [...new Set([...own, ...reference].map(({ cell }) => cell))];
  const stored = new Map<number, StoredCell>();
  for (const each of await readStoredCells(connection, path, plan, cells)) {
    stored.set(each.cell, each);
  }
  const again = await trainAgain(own, stored, engine, "same");
  const explicit = await trainAgain(reference, stored, engine, "reference");
  return {
    cells: Number(counted.getRows()[0]![0]),
    audited: again.reduce((sum, each) => sum + each.cells, 0),
    results: [...again, ...explicit],
  };
}

async function trainAgain(
  sample: readonly AuditCandidate[],
  stored: ReadonlyMap<number, StoredCell>,
  engine: AuditEngine,
  by: "same" | "reference",
): Promise<AuditResult[]> {
  const results = new Map<string, AuditResult>();
  for (const cells of byGroup(sample, stored)) {
    const { group } = cells[0]!;
    const before = results.get(group.numeric_class) ?? none(group.numeric_class, by);
    results.set(group.numeric_class, add(before, await trainGroup(group, cells, engine, by)));
  }
  return [...results.values()];
}

function byGroup(
  sample: readonly AuditCandidate[],
  stored: ReadonlyMap<number, StoredCell>,
): StoredCell[][] {
  const groups = new Map<PlannedGroup, StoredCell[]>();
  for (const { cell, group } of sample) {
    const found = groups.get(group) ?? [];
    found.push(stored.get(cell)!);
    groups.set(group, found);
  }
  return [...groups.values()];
}

async function trainGroup(
  group: PlannedGroup,
  cells: readonly StoredCell[],
  engine: AuditEngine,
  by: "same" | "reference",
): Promise<AuditResult> {
  const empty = none(group.numeric_class, by);
  try {
    const trained = await engine.train(group, cells, by);
    const tolerance = toleranceBetween(group.numeric_class, trained.numeric_class);
    const compared = cells.map((cell, i) => compareCell(cell, trained.cells[i]!, tolerance));
    const near = compared.filter((each) => each.verdict === "within tolerance" && each.near_change);
    return {
      ...empty,
      tolerance,
      cells: cells.length,
      equal: compared.filter(({ verdict }) => verdict === "equal").length,
      within_tolerance: compared.filter(({ verdict }) => verdict === "within tolerance").length,
      near_change: near.length,
      different: compared.flatMap(({ verdict, columns }, i) =>
        verdict === "different" ? [{ cell: cells[i]!.cell, columns: differing(columns) }] : [],
      ),
    };
  } catch (error) {
    return { ...empty, skipped: cells.length, problem: messageOf(error).split("\n")[0]! };
  }
}

function differing(columns: readonly { column: string; verdict: string }[]): string[] {
  return columns.filter(({ verdict }) => verdict === "different").map(({ column }) => column);
}

function none(numeric_class: string, engine: AuditResult["engine"]): AuditResult {
  const counts = { cells: 0, equal: 0, within_tolerance: 0, near_change: 0, skipped: 0 };
  return { numeric_class, engine, ...counts, tolerance: 0, different: [], problem: null };
}

function add(a: AuditResult, b: AuditResult): AuditResult {
  return {
    ...a,
    tolerance: Math.max(a.tolerance, b.tolerance),
    cells: a.cells + b.cells,
    equal: a.equal + b.equal,
    within_tolerance: a.within_tolerance + b.within_tolerance,
    near_change: a.near_change + b.near_change,
    different: [...a.different, ...b.different],
    skipped: a.skipped + b.skipped,
    problem: a.problem ?? b.problem,
  };
}
