import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { sha256Hex } from "../../shared/canonical.ts";
import { packageVersion } from "../../shared/package_info.ts";
import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import { size } from "../../shared/ranges.ts";
import type { Commit } from "../journal/journal.ts";
import { syncPath } from "../results/durable_file.ts";
import { makeTemporaryFolder } from "../results/temporary_folder.ts";
import { type FoundCells, findCells, writePart } from "./copy_cells.ts";
import { planWork } from "./plan_work.ts";
import { type Source, type Sources, skipped } from "./sources.ts";

/** A part of cells that an earlier sweep has. */
export interface CopiedPart extends FoundCells {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Where the cells are from, and the digest of the plan of that sweep. */
  readonly path: string;
  readonly plan_digest: string;
}

/** What a new sweep has of its cells before anything is computed. */
export interface TakenOver {
  /** The plan in the order in which its cells are computed; the plan itself if nothing was cut. */
  readonly work: Plan;
  readonly parts: readonly CopiedPart[];
  /** A line for each source that could not be used. */
  readonly notes: readonly string[];
}

/** A group of a work plan whose cells one group of a source has, all of them or some. */
interface Cached {
  readonly group: PlannedGroup;
  readonly source: Source;
  readonly theirs: PlannedGroup;
}

/** Names the worker of copied parts in the provenance. */
const CACHE_WORKER = "cache";

/**
 * Copies the cells of a plan that the sources have into parts, whose content is on the disk when
 * it resolves (their names are not yet). A source that cannot be read is done without.
 */
export async function takeOver(
  plan: Plan,
  found: Sources,
  place: {
    /** The folder of the parts. */
    readonly parts: string;
    /** What is not finished is below it. */
    readonly folder: string;
    /** The start of the coordinator (Journal.epoch). */
    readonly start: number;
  },
  nextFile: () => string,
): Promise<TakenOver> {
  if (found.sources.length === 0) return { work: plan, parts: [], notes: found.notes };
  const temporaryFolder = await makeTemporaryFolder(place.folder, "reuse", place.start);
  try {
    return await forEachCached<CopiedPart>(
      plan,
      found,
      temporaryFolder,
      async (connection, { group, source, theirs }, keep) => {
        const { path, plan_digest } = source;
        await findCells(connection, group, path, theirs, async (cells) => {
          const file = nextFile();
          const temporary = join(temporaryFolder, file);
          await writePart(connection, group, cells, temporary);
          await syncPath(temporary);
          const bytes = await readFile(temporary);
          await rename(temporary, join(place.parts, file));
          keep({
            ...cells,
            file,
            sha256: sha256Hex(bytes),
            bytes: bytes.length,
            path,
            plan_digest,
          });
        });
      },
    );
  } finally {
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}

/** How many cells of each group of the plan takeOver would find; writes nothing. */
export async function countCached(
  plan: Plan,
  found: Sources,
): Promise<{ readonly cells: number[]; readonly notes: readonly string[] }> {
  const { parts, notes } = await forEachCached<{ first_cell: number; cells: number }>(
    plan,
    found,
    "",
    async (connection, { group, source, theirs }, keep) => {
      const first_cell = group.split_from ?? group.first_cell;
      if (source.isComplete) keep({ first_cell, cells: group.cells });
      else {
        await findCells(connection, group, source.path, theirs, async ({ accepted }) =>
          keep({ first_cell, cells: size(accepted) }),
        );
      }
    },
  );
  const cells = new Map(plan.groups.map(({ first_cell }) => [first_cell, 0]));
  for (const part of parts) {
    cells.set(part.first_cell, cells.get(part.first_cell)! + part.cells);
  }
  return { cells: plan.groups.map(({ first_cell }) => cells.get(first_cell)!), notes };
}

/** Calls `use` for all that the sources have, again without the one that it failed for. */
async function forEachCached<T>(
  plan: Plan,
  found: Sources,
  temporary: string,
  use: (connection: DuckDBConnection, cached: Cached, keep: (part: T) => void) => Promise<void>,
): Promise<{ readonly work: Plan; readonly parts: T[]; readonly notes: readonly string[] }> {
  let sources = [...found.sources];
  const notes = [...found.notes];
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "2",
    memory_limit: "400MB",
    enable_external_file_cache: "false",
    ...(temporary === "" ? {} : { temp_directory: temporary }),
  });
  const connection = await instance.connect();
  try {
    for (;;) {
      const { work, cached } = planWork(
        plan,
        sources.map((source) => source.plan),
      );
      const parts: T[] = [];
      let failed: Source | undefined;
      for (const { work_group, source: index, source_group } of cached) {
        const source = sources[index]!;
        const theirs = source.plan.groups[source_group]!;
        const group = work.groups[work_group]!;
        try {
          await use(connection, { group, source, theirs }, (part) => parts.push(part));
        } catch (error) {
          failed = source;
          notes.push(skipped(source.path, error));
          break;
        }
      }
      if (failed === undefined) return { work, parts, notes };
      sources = sources.filter((source) => source !== failed);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** A copied part as the journal knows parts. */
export function commitOfCopy(sweep: string, part: CopiedPart, now_ms: number): Commit {
  const { file, sha256, bytes, range, accepted, phases, path, plan_digest } = part;
  return {
    ...{ sweep, file, offset: null, sha256, bytes, range, accepted, phases },
    worker: CACHE_WORKER,
    host: path,
    version: packageVersion,
    slot: 0,
    lease: plan_digest,
    started_ms: now_ms,
    compute_ms: 0,
    committed_ms: now_ms,
  };
}
