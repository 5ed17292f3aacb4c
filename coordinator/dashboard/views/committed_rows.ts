import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { groupIndexOf, type Plan } from "../../../shared/plan.ts";
import { intersects, type Range } from "../../../shared/ranges.ts";
import { joinSmallParts } from "../../results/join_parts.ts";
import type { PartPiece } from "../../results/pieces.ts";
import { windowQuery } from "../../results/window_query.ts";
import type { Storage } from "../../storage.ts";
import type { Slices } from "./slices.ts";

/**
 * Calls `use` with the rows of some pieces, as a query that gives what the merged file will have of
 * them; cells are numbered as in the work plan. Of many small parts that takes long.
 */
export async function withCommittedRows<T>(
  work: Plan,
  pieces: readonly PartPiece[],
  use: (query: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "phasesweep-view-"));
  try {
    const joined = await joinSmallParts(work, pieces, (index) => join(folder, `${index}.parquet`));
    const [first, end] = [pieces[0]!.first, pieces.at(-1)!.end];
    return await use(windowQuery(work, { first, end, pieces: joined.pieces }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the journal has of some ranges by now, by cell, as pieces of parts. */
export async function findPieces(
  storage: Storage,
  work: Plan,
  ranges: readonly Range[],
  slices: Slices,
): Promise<PartPiece[]> {
  const pieces: PartPiece[] = [];
  let after = 0;
  for (;;) {
    const page = await storage.journal.commitsAfter(work.name, after);
    if (page === undefined) break;
    after = page.last;
    for (const commit of page.commits) {
      for (const wanted of ranges) {
        if (!intersects(wanted, commit.range)) continue;
        for (const accepted of commit.accepted) {
          const first = Math.max(wanted.first, accepted.first);
          const end = Math.min(wanted.end, accepted.end);
          if (first >= end) continue;
          const group = groupIndexOf(work, first);
          const path = storage.partPath(commit.file);
          pieces.push({ path, part_first: commit.range.first, first, end, group, commit });
        }
      }
    }
    if (slices.isOver) await slices.next();
  }
  return pieces.sort((a, b) => a.first - b.first);
}
