import type { ResultColumnName } from "../../shared/result_columns.ts";

/**
 * When two float32 results of one cell count as different. They are computed in batches of other
 * sizes, or by other cards of one backend, so their last digits differ, and gradient descent makes
 * more of that where it is chaotic: at a change of phase, and among large catapults. Measured between
 * float32 and float64, one catapult in four hundred away from a change of phase is off by more than
 * 1e−3, and no phase differs there.
 *
 * So a duplicate agrees with what is committed if, for each cell,
 *
 * - what is measured before the first step is equal to RELATIVE;
 * - and unless a change of phase is near, that is, a committed cell of the same seed at most
 *   NEIGHBOURS learning rates away has another phase, or is not in the part:
 *   - the phases are equal;
 *   - if they are lazy or catapult, what is measured at the end is equal to RELATIVE, catapults
 *     besides to as much as the committed neighbours differ among themselves.
 *
 * Counts of steps, the gradient norm (what is left when large terms cancel), the test accuracy and
 * trajectories are not compared.
 */
export const RELATIVE = 1e-3;
export const NEIGHBOURS = 2;
/** Losses below this share of L(0) are what rounding leaves. */
const LOSS_FLOOR = 1e-6;
const FINITE_MAX = 1e300;

export const AT_START: readonly ResultColumnName[] = [
  "loss_initial",
  "ntk_initial",
  "hessian_initial",
];
export const AT_END: readonly ResultColumnName[] = [
  "loss_final",
  "loss_max",
  "weight_norm",
  "ntk_final",
  "hessian_final",
];

/**
 * A condition of a row of `duplicate` and a row of `surrounded` that are the same cell: they differ.
 * `columns`: what the part has.
 */
export function differsInFloat32(columns: readonly string[]): string {
  const has = (name: string) => columns.includes(name);
  const equal = (name: string, tolerance: string) => {
    const [a, b] = [`duplicate.${name}`, `surrounded.${name}`];
    // Equal covers infinities, and NaN, which DuckDB takes for equal to itself and above all numbers.
    return `(${a} = ${b} OR abs(${a} - ${b}) <= least(${tolerance}, ${FINITE_MAX}))`;
  };
  const relative = (name: string) => `${RELATIVE} * abs(surrounded.${name})`;
  const atStart = AT_START.filter(has).map((name) => equal(name, relative(name)));
  const atEnd = AT_END.filter(has).map((name) => {
    const floor = name.startsWith("loss") ? ` + ${LOSS_FLOOR} * surrounded.loss_initial` : "";
    const spread = `CASE WHEN surrounded.phase = 1 THEN surrounded.${name}_spread ELSE 0 END`;
    return equal(name, `${relative(name)}${floor} + ${spread}`);
  });
  return `(duplicate.learning_rate = surrounded.learning_rate
    AND ${["true", ...atStart].join(" AND ")}
    AND (surrounded.near_change OR (duplicate.phase = surrounded.phase
      AND (surrounded.phase > 1 OR (${["true", ...atEnd].join(" AND ")}))))) IS NOT TRUE`;
}

/**
 * The rows of a part in order of `cell`, each with whether a change of phase is near, and with how
 * much its neighbours' numbers differ. Where learning rates fall, another seed begins.
 */
export function surroundedRows(
  part: string,
  columns: readonly string[],
  first: number,
  end: number,
): string {
  const spreads = AT_END.filter((name) => columns.includes(name)).map(
    (name) => `max(${name}) OVER near - min(${name}) OVER near AS ${name}_spread`,
  );
  const edge = `cell < ${first + NEIGHBOURS} OR cell >= ${end - NEIGHBOURS}`;
  return `
    SELECT *, ${edge} OR min(phase) OVER near <> max(phase) OVER near AS near_change,
      ${spreads.join(", ")}
    FROM (
      SELECT *, count(*) FILTER (falls) OVER (ORDER BY cell) AS seed_run
      FROM (SELECT *, learning_rate < lag(learning_rate) OVER (ORDER BY cell) AS falls FROM ${part})
    )
    WINDOW near AS (PARTITION BY seed_run ORDER BY cell
      ROWS BETWEEN ${NEIGHBOURS} PRECEDING AND ${NEIGHBOURS} FOLLOWING)`;
}
