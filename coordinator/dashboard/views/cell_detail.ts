import { UsageError } from "../../../shared/errors.ts";
import { PHASES, type Phase } from "../../../shared/phases.ts";
import { cellCoordinates, groupIndexOf, type Plan } from "../../../shared/plan.ts";
import { shellWord } from "../../../shared/shell_word.ts";
import { quote } from "../../results/sql_text.ts";
import type { FailedRange } from "../../state/state.ts";
import { CELL, type CellCode, type CellDetail } from "../messages.ts";
import { withCommittedRows } from "./committed_rows.ts";
import { curveOfCell, type StoredRow } from "./curves.ts";
import { withDuckDb } from "./duck_db.ts";
import { groupSummary } from "./plan_summary.ts";
import type { SweepReader } from "./sweep_reader.ts";
import type { SweepView } from "./sweep_view.ts";
import type { ViewSource } from "./view_source.ts";

/** All that is known of one cell. @throws UsageError if there is no such cell */
export async function cellDetail(
  view: SweepView,
  cell: number,
  failures: readonly FailedRange[],
  source: ViewSource,
): Promise<CellDetail> {
  const { reader } = view;
  const plan = await reader.planned();
  if (!(Number.isInteger(cell) && cell >= 0 && cell < plan.cells)) {
    throw new UsageError({
      place: `sweep ${plan.name}`,
      problem: `it has no cell ${cell}`,
      fix: `give a number from 0 to ${plan.cells - 1}`,
    });
  }
  const index = groupIndexOf(plan, cell);
  const group = plan.groups[index]!;
  const { seeds, learning_rates } = cellCoordinates(group, cell, 1);
  const start = { seed: seeds[0]!, learning_rate: learning_rates[0]! };
  const failure = failures.find(({ range }) =>
    reader.own(range).some(({ first, end }) => first <= cell && cell < end),
  );
  const row = view.codeOf(cell) === CELL.open ? undefined : await readRow(reader, plan, cell);
  const folder = source.storage.resultsFolder(plan.name);
  const { curve, no_curve } = await curveOfCell({
    ...{ group, start, row, folder, cell, failed: failure !== undefined, source },
  });
  return {
    sweep: plan.name,
    cell,
    code: codeOf(row, failure),
    ...start,
    group: groupSummary(plan, await reader.axes(), index),
    row: row === undefined ? null : plainRow(row),
    curve,
    no_curve,
    failure: failure?.error ?? null,
    reproduce:
      reader.isMerged && row !== undefined
        ? `phasesweep reproduce ${shellWord(folder)} ${cell}`
        : null,
  };
}

function codeOf(row: StoredRow | undefined, failure: FailedRange | undefined): CellCode {
  if (row !== undefined) return (PHASES.indexOf(row.phase as Phase) + 1) as CellCode;
  return failure === undefined ? CELL.open : CELL.failed;
}

function readRow(reader: SweepReader, plan: Plan, cell: number): Promise<StoredRow | undefined> {
  return reader.steadily(async (isMerged) => {
    if (isMerged) {
      return firstRow(
        `SELECT * FROM read_parquet(${quote(reader.resultsPath)}) WHERE cell = ${cell}`,
      );
    }
    const pieces = await reader.pieces([{ first: cell, end: cell + 1 }]);
    return pieces.length === 0 ? undefined : withCommittedRows(plan, pieces, firstRow);
  });
}

function firstRow(query: string): Promise<StoredRow | undefined> {
  return withDuckDb(async (connection) => {
    const reader = await connection.runAndReadAll(query);
    return reader.getRowObjectsJS()[0] as StoredRow | undefined;
  });
}

/** Lists left out; numbers that JSON lacks as their names. */
function plainRow(row: StoredRow): Record<string, number | string | boolean | null> {
  const plain: Record<string, number | string | boolean | null> = {};
  for (const [name, value] of Object.entries(row)) {
    if (Array.isArray(value)) continue;
    const number = typeof value === "bigint" ? Number(value) : value;
    if (typeof number === "number") plain[name] = Number.isFinite(number) ? number : String(number);
    else if (typeof number === "boolean" || typeof number === "string") plain[name] = number;
    else plain[name] = null;
  }
  return plain;
}
