import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { CATAPULT, PHASES } from "../../shared/phases.ts";
import { RESULT_COLUMNS, type ResultColumnName } from "../../shared/result_columns.ts";
import { AT_END, AT_START, RELATIVE as FLOAT32_RELATIVE } from "../results/float32_differences.ts";
import type { StoredCell } from "./stored_cells.ts";
import type { TrainedCell } from "./trained_cell.ts";

/**
 * How one cell that was trained again compares with its row. Cells of float64-exact that are trained
 * in float64-exact must be equal bit for bit. All others are held to the rule of
 * results/float32_differences.ts, for one cell in place of a part, with the tolerance of the coarser of
 * the two arithmetics:
 *
 * - what is measured before the first step is equal to `relative`;
 * - next to a change of phase, where training is chaotic, nothing else is judged; elsewhere
 *   - the phases are equal;
 *   - if they are lazy or catapult, what is measured at the end is equal to `relative`, catapults
 *     besides to as much as the stored neighbours differ among themselves.
 */
export type Verdict = "equal" | "within tolerance" | "not judged" | "different";

export interface ColumnComparison {
  readonly column: string;
  /** A number, the name of a phase, null for "never happened" or "not asked for". */
  readonly stored: number | string | null;
  readonly again: number | string | null;
  /** |stored − again| / |stored|; of a trajectory the largest. Null where it means nothing. */
  readonly relative_difference: number | null;
  readonly verdict: Verdict;
}

export interface CellComparison {
  readonly columns: readonly ColumnComparison[];
  readonly verdict: "equal" | "within tolerance" | "different";
  /** Relative tolerance of the comparison; 0: bit for bit. */
  readonly tolerance: number;
  readonly near_change: boolean;
}

/**
 * Two float64 computations of one run in different orders: at most 2e−13 apart where nothing is
 * chaotic (numerics section 2), with room for what a few hundred steps make of it.
 */
const FLOAT64_RELATIVE = 1e-9;
/** Losses below this share of L(0), relative to the tolerance, are what rounding leaves. */
const LOSS_FLOOR = 1e-3;

/** Relative tolerance between two numeric classes; 0 where bits must be equal. */
export function toleranceBetween(stored_class: string, again_class: string): number {
  if (stored_class === FLOAT64_EXACT && again_class === FLOAT64_EXACT) return 0;
  const bothFloat64 = [stored_class, again_class].every((name) => name.startsWith("float64"));
  return bothFloat64 ? FLOAT64_RELATIVE : FLOAT32_RELATIVE;
}

export function compareCell(
  stored: StoredCell,
  again: TrainedCell,
  tolerance: number,
): CellComparison {
  const columns = [
    ...RESULT_COLUMNS.map(({ name }) => compareColumn(name, stored, again, tolerance)),
    ...Object.keys(stored.lists).map((name) => compareList(name, stored, again, tolerance)),
  ];
  const verdicts = new Set(columns.map(({ verdict }) => verdict));
  const verdict = verdicts.has("different")
    ? "different"
    : verdicts.size === 1 && verdicts.has("equal")
      ? "equal"
      : "within tolerance";
  return { columns, verdict, tolerance, near_change: stored.near_change };
}

function compareColumn(
  name: ResultColumnName,
  stored: StoredCell,
  again: TrainedCell,
  tolerance: number,
): ColumnComparison {
  const [a, b] = [stored.values[name], again.values[name]];
  const isPhase = name === "phase";
  const shown = (value: number | null) => (isPhase && value !== null ? PHASES[value]! : value);
  return {
    column: name,
    stored: shown(a),
    again: shown(b),
    relative_difference: isPhase ? null : relativeDifference(a, b),
    verdict: isSame(a, b)
      ? "equal"
      : tolerance === 0
        ? "different"
        : judge(name, stored, again, tolerance),
  };
}

/** What two numbers that are not equal come to. */
function judge(
  name: ResultColumnName,
  stored: StoredCell,
  again: TrainedCell,
  tolerance: number,
): Verdict {
  const isStart = AT_START.includes(name);
  if (!isStart && stored.near_change) return "not judged";
  if (name === "phase") return "different";
  if (!isStart && !AT_END.includes(name)) return "not judged";
  const { phase } = stored.values;
  if (!isStart && (phase !== again.values.phase || phase! > CATAPULT)) return "not judged";
  const [a, b] = [stored.values[name], again.values[name]];
  if (a === null || b === null) return "different";
  const floor =
    !isStart && name.startsWith("loss") ? LOSS_FLOOR * (stored.values.loss_initial ?? 0) : 0;
  const spread = !isStart && phase === CATAPULT ? (stored.spread[name] ?? 0) : 0;
  const allowed = tolerance * (Math.abs(a) + floor) + spread;
  return Math.abs(a - b) <= allowed ? "within tolerance" : "different";
}

/** Recorded along the way: judged where that is smooth, in lazy runs away from a change of phase. */
function compareList(
  name: string,
  stored: StoredCell,
  again: TrainedCell,
  tolerance: number,
): ColumnComparison {
  const [a, b] = [stored.lists[name]!, again.lists[name] ?? []];
  const same = a.length === b.length && a.every((value, i) => isSame(value, b[i]!));
  const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  let apart = 0;
  let relative: number | null = 0;
  for (const [i, value] of a.entries()) {
    const other = b[i];
    if (other === undefined || isSame(value, other)) continue;
    apart = Math.max(apart, Math.abs(value - other));
    const each = relativeDifference(value, other);
    relative = each === null || relative === null ? null : Math.max(relative, each);
  }
  const isSmooth = !stored.near_change && stored.values.phase === 0;
  const judged = (): Verdict => {
    if (tolerance === 0) return "different";
    if (!isSmooth) return "not judged";
    const close = a.length === b.length && apart <= tolerance * largest;
    return close ? "within tolerance" : "different";
  };
  return {
    column: name,
    stored: pointsText(a),
    again: pointsText(b),
    relative_difference: a.length === b.length ? relative : null,
    verdict: same ? "equal" : judged(),
  };
}

function pointsText({ length }: readonly number[]): string {
  return `${length} ${length === 1 ? "point" : "points"}`;
}

/** The same double; any NaN is equal to any other, and 0 to −0. */
function isSame(a: number | null, b: number | null): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

function relativeDifference(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a === b ? 0 : null;
  if (isSame(a, b)) return 0;
  const difference = Math.abs(a - b) / Math.abs(a);
  return Number.isFinite(difference) ? difference : null;
}
