import type { Storage } from "../storage.ts";
import { epochOf } from "./part_files.ts";

/** Files that are looked up in one go, before others get their turn. */
const ORPHANS_AT_ONCE = 100;

/**
 * Removes files that no commit names: written but not journaled when a process died, or merged since.
 * Work goes on meanwhile, so only files of earlier starts are looked at: those can commit nothing
 * any more, while this one may, and so may a later one that took over from this one.
 */
export async function removeOrphans(storage: Storage): Promise<void> {
  const { epoch } = storage.journal;
  const there = (await storage.listParts()).filter((file) => (epochOf(file) ?? 0) < epoch);
  for (let at = 0; at < there.length; at += ORPHANS_AT_ONCE) {
    const some = there.slice(at, at + ORPHANS_AT_ONCE);
    await storage.removeParts(await storage.journal.unnamed(some));
  }
}
