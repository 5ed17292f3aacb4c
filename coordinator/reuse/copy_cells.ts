import type { DuckDBConnection } from "@duckdb/node-api";
import { SHARD_CELLS_MAX } from "../../shared/limits.ts";
import { partColumns, trajectoryColumns } from "../../shared/part_columns.ts";
import { PHASES } from "../../shared/phases.ts";
import type { PlannedGroup } from "../../shared/plan.ts";
import type { Range } from "../../shared/ranges.ts";
import { type PlannedShape, trajectoryPoints } from "../../shared/shape_group.ts";
import {
  axisPoints,
  type LearningRateAxis,
  learningRateReader,
  type SeedAxis,
  seedCount,
  seedReader,
} from "../../shared/spec/axes.ts";
import { splitOf } from "../../shared/work_plan.ts";
import { quote } from "../results/sql_text.ts";

/** Points of trajectories in one part. */
const PART_POINTS = 2 ** 22;
/** Rows of a row group, as workers write them: the merge reads them in pieces. */
const ROW_GROUP_ROWS = 16_384;
/** Learning rates in one statement. */
const STATEMENT_RATES = 50_000;

/** Cells of a work plan's group that an earlier sweep has, as a part. */
export interface FoundCells {
  /** The cells of the part's rows; those not in `accepted` are empty. */
  readonly range: Range;
  readonly accepted: readonly Range[];
  /** Accepted cells by phase code. */
  readonly phases: readonly number[];
}

/**
 * Looks for the cells of a group in the merged file of an earlier sweep, where they are cells of
 * `theirs`, by seed and learning rate. Each stretch of them that is found is given to `use` as the
 * table `found` of the connection.
 * @throws Error if the file cannot be read, or has a cell twice.
 */
export async function findCells(
  connection: DuckDBConnection,
  group: PlannedGroup,
  path: string,
  theirs: PlannedGroup,
  use: (found: FoundCells) => Promise<void>,
): Promise<void> {
  const { shape, seeds, learning_rates } = group;
  await writeRates(connection, learning_rates);
  const width = axisPoints(learning_rates);
  const cellsMax = Math.max(
    1,
    Math.min(SHARD_CELLS_MAX, Math.floor(PART_POINTS / Math.max(1, trajectoryPoints(shape)))),
  );
  const rows = Math.max(1, Math.floor(cellsMax / width));
  const columns = Math.min(width, cellsMax);
  const seedAt = seedReader(seeds);
  const cellsOf = cellsOfSeeds(theirs);
  for (let row = 0; row < seedCount(seeds); row += rows) {
    const count = Math.min(rows, seedCount(seeds) - row);
    const batch = Array.from({ length: count }, (_, i) => seedAt(row + i));
    for (let column = 0; column < width; column += columns) {
      await connection.run(`CREATE OR REPLACE TEMP TABLE found AS
        SELECT ${group.first_cell} + s.rank * ${width} + r.rank AS cell, c.learning_rate,
          ${partExpressions(shape)}
        FROM read_parquet(${quote(path)}) c
          JOIN rates r ON c.learning_rate = r.learning_rate
          JOIN (SELECT unnest(range(${row}, ${row + count})) AS rank,
            unnest('[${batch}]'::BIGINT[]) AS seed) s ON c.seed = s.seed
        WHERE r.rank >= ${column} AND r.rank < ${column + columns}
          AND ${cellsOf(batch)}`);
      const found = await foundCells(connection);
      if (found !== undefined) await use(found);
    }
  }
  await connection.run("DROP TABLE IF EXISTS found");
}

/** Writes the table `found` as a part: a row for each cell of the range, in their order. */
export async function writePart(
  connection: DuckDBConnection,
  { shape }: PlannedGroup,
  { range, accepted }: FoundCells,
  path: string,
): Promise<void> {
  const columns = [
    "learning_rate",
    ...partColumns(shape).map(({ name }) => name as string),
    ...trajectoryColumns(shape),
  ];
  // Rows for the cells that are not there keep the others in their places.
  const rows =
    accepted.length === 1
      ? "found"
      : `(SELECT unnest(range(${range.first}, ${range.end})) AS cell) LEFT JOIN found USING (cell)`;
  await connection.run(
    `COPY (SELECT ${columns} FROM ${rows} ORDER BY cell) TO ${quote(path)}
     (FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`,
  );
}

/**
 * Which cells of a merged file may belong to some seeds of a group, as a condition: the row groups
 * that it passes over are not read. Of a part of a group it is known where the whole group is.
 */
function cellsOfSeeds(theirs: PlannedGroup): (seeds: readonly number[]) => string {
  const split = splitOf(theirs);
  const first_cell = split?.first_cell ?? theirs.first_cell;
  const points = split?.points ?? axisPoints(theirs.learning_rates);
  const axis = "of" in theirs.seeds ? theirs.seeds.of : theirs.seeds;
  const positionOf = seedPositions(axis);
  return (seeds) => {
    const positions = seeds.map(positionOf);
    const first = first_cell + positions.reduce((a, b) => Math.min(a, b)) * points;
    const end = first_cell + (positions.reduce((a, b) => Math.max(a, b)) + 1) * points;
    return `c.cell >= ${first} AND c.cell < ${end}`;
  };
}

function seedPositions(axis: SeedAxis): (seed: number) => number {
  if ("from" in axis) return (seed) => seed - axis.from;
  const read = seedReader(axis);
  const positions = new Map<number, number>();
  for (let i = 0; i < seedCount(axis); i++) positions.set(read(i), i);
  return (seed) => positions.get(seed)!;
}

/** The columns of a part out of those of merged results: the inverse of the merge's query. */
function partExpressions(shape: PlannedShape): string {
  const cases = PHASES.map((phase, code) => `WHEN ${quote(phase)} THEN ${code}`);
  const columns = partColumns(shape).map(({ name, type, nullable }) => {
    if (name === "phase") return `CASE c.phase ${cases.join(" ")} END::INTEGER AS phase`;
    const value = nullable ? `coalesce(c.${name}, -1)` : `c.${name}`;
    return `${value}::${type === "INT32" ? "INTEGER" : "DOUBLE"} AS ${name}`;
  });
  return [...columns, ...trajectoryColumns(shape).map((name) => `c.${name}`)].join(", ");
}

/** Fills the table `rates` with the learning rates of an axis and their ranks. */
async function writeRates(connection: DuckDBConnection, axis: LearningRateAxis): Promise<void> {
  await connection.run(
    "CREATE OR REPLACE TEMP TABLE rates (rank BIGINT NOT NULL, learning_rate DOUBLE NOT NULL)",
  );
  const points = axisPoints(axis);
  const read = learningRateReader(axis);
  for (let low = 0; low < points; low += STATEMENT_RATES) {
    const count = Math.min(STATEMENT_RATES, points - low);
    const rates = Array.from({ length: count }, (_, i) => read(low + i));
    await connection.run(`INSERT INTO rates
      SELECT unnest(range(${low}, ${low + count})), unnest('[${rates}]'::DOUBLE[])`);
  }
}

async function foundCells(connection: DuckDBConnection): Promise<FoundCells | undefined> {
  const islands = await connection.runAndReadAll(
    `SELECT min(cell)::DOUBLE, max(cell)::DOUBLE + 1, count(*)::DOUBLE
     FROM (SELECT cell, cell - row_number() OVER (ORDER BY cell) AS island FROM found)
     GROUP BY island ORDER BY 1`,
  );
  const accepted: Range[] = [];
  for (const [first, end, rows] of islands.getRows() as [number, number, number][]) {
    if (end - first !== rows || first < (accepted.at(-1)?.end ?? 0)) {
      throw new Error("it has a cell twice");
    }
    accepted.push({ first, end });
  }
  if (accepted.length === 0) return undefined;
  const counted = await connection.runAndReadAll(
    "SELECT phase, count(*)::DOUBLE FROM found GROUP BY phase",
  );
  const phases = PHASES.map(() => 0);
  for (const [code, cells] of counted.getRows() as [number, number][]) phases[code] = cells;
  return { range: { first: accepted[0]!.first, end: accepted.at(-1)!.end }, accepted, phases };
}
