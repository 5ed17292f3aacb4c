import type { DuckDBConnection } from "@duckdb/node-api";
import { nearest, UsageError } from "../../shared/errors.ts";
import { quote } from "../results/sql_text.ts";

/** A cell by its coordinates; the group by the first characters of its identity. */
export interface CellWish {
  readonly seed: number;
  readonly learning_rate: number;
  readonly group?: string;
}

/** Relative distance up to which a learning rate that a person typed means one of the grid. */
const NEAR = 1e-3;

/**
 * The cell of a merged file with a seed and the learning rate next to the one given.
 * @throws UsageError where there is none, or one in several groups
 */
export async function findCell(
  connection: DuckDBConnection,
  path: string,
  { seed, learning_rate, group = "" }: CellWish,
): Promise<number> {
  const reader = await connection.runAndReadAll(
    `SELECT shape_group::VARCHAR AS shape_group, dataset::VARCHAR AS dataset, loss::VARCHAR AS loss,
       model::VARCHAR AS model, width::DOUBLE AS width, min(cell)::DOUBLE AS first_cell,
       arg_min(cell, abs(learning_rate - $eta))::DOUBLE AS cell, min(abs(learning_rate - $eta)) AS apart,
       arg_min(learning_rate, abs(learning_rate - $eta)) AS nearest
     FROM read_parquet(${quote(path)})
     WHERE seed = $seed AND starts_with(shape_group::VARCHAR, $group)
     GROUP BY ALL ORDER BY first_cell`,
    { seed, eta: learning_rate, group },
  );
  const all = reader.getRowObjectsJS() as unknown as Found[];
  const found = all.filter(({ apart }) => apart <= NEAR * learning_rate);
  if (found.length === 1) return found[0]!.cell;
  const place = `--seed ${seed} --learning-rate ${learning_rate}`;
  if (all.length === 0 && group !== "") await requireGroup(connection, path, group);
  if (found.length === 0) {
    throw new UsageError({
      place,
      problem: `no cell of ${path} has this seed and a learning rate within 0.1 % of this one`,
      fix:
        all.length === 0
          ? "take one of its seeds, and a group that it has"
          : `the nearest learning rate of this seed is ${nearestOf(all).nearest}`,
    });
  }
  const groups = found.map(
    (each) =>
      `${each.shape_group.slice(0, 8)} (${[each.dataset, each.model, each.width ?? "", each.loss].filter((word) => word !== "").join(", ")}: cell ${each.cell})`,
  );
  throw new UsageError({
    place,
    problem: `${found.length} groups have such a cell: ${groups.join("; ")}`,
    fix: "add --group with the first characters of one, or give the number of the cell",
  });
}

/** @throws UsageError where no shape group begins so, with the one that may be meant */
async function requireGroup(
  connection: DuckDBConnection,
  path: string,
  group: string,
): Promise<void> {
  const reader = await connection.runAndReadAll(
    `SELECT DISTINCT shape_group::VARCHAR AS shape_group FROM read_parquet(${quote(path)}) ORDER BY 1`,
  );
  const groups = reader.getRowObjectsJS().map((row) => String(row["shape_group"]));
  if (groups.some((each) => each.startsWith(group))) return;
  const beginnings = groups.map((each) => each.slice(0, group.length));
  const guess = group.length >= GUESSED_CHARACTERS_MIN ? nearest(group, beginnings) : undefined;
  const shown = groups.slice(0, GROUPS_SHOWN).map((each) => each.slice(0, 8));
  throw new UsageError({
    place: `--group ${group}`,
    problem: "no shape group begins so",
    fix:
      guess !== undefined
        ? `write --group ${guess}`
        : `give the first characters of one: ${shown.join(", ")}${groups.length > shown.length ? ", …" : ""}`,
  });
}

const GROUPS_SHOWN = 8;
/** Any two letters are near any others. */
const GUESSED_CHARACTERS_MIN = 6;

function nearestOf(all: readonly Found[]): Found {
  return all.reduce((best, each) => (each.apart < best.apart ? each : best));
}

interface Found {
  readonly shape_group: string;
  readonly dataset: string;
  readonly model: string;
  readonly loss: string;
  readonly width: number | null;
  readonly cell: number;
  readonly apart: number;
  readonly nearest: number;
}
