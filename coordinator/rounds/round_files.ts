import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Range, size, union } from "../../shared/ranges.ts";
import type { Commit } from "../journal/journal.ts";
import { mergeResults, RESULTS_FILE, type SweepPlans } from "../results/merge.ts";

/** The cells of a sweep's earlier rounds as files, and where those end. */
interface Known {
  readonly files: string[];
  readonly without: string;
  end: number;
}

/**
 * The results of a sweep that grows in rounds, as files to decide the next one from. Each round has
 * only the cells merged that came since the one before; a process that knows nothing of the rounds
 * before begins with all of them.
 */
export class RoundFiles {
  private readonly folder: string;
  private readonly known = new Map<string, Known>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Files that hold every cell of the plan but those in `without`. @throws Error as mergeResults */
  async read(
    plans: SweepPlans,
    commits: readonly Commit[],
    without: readonly Range[],
    partsFolder: string,
  ): Promise<readonly string[]> {
    const { name, cells } = plans.work;
    const key = JSON.stringify(without);
    if (this.known.get(name)?.without !== key) await this.forget(name);
    const known = this.known.get(name) ?? { files: [], without: key, end: 0 };
    this.known.set(name, known);
    const since = commits.filter(({ range }) => range.first >= known.end);
    if (since.some(({ accepted }) => size(accepted) > 0)) {
      const folder = join(this.folder, name, String(known.files.length));
      const before = { first: 0, end: known.end };
      // Nobody else writes to this folder.
      const place = { parts: partsFolder, folder, start: 0, confirm: async () => {} };
      await mergeResults(plans, since, union(without, [before]), place);
      known.files.push(join(folder, RESULTS_FILE));
    }
    known.end = cells;
    return known.files;
  }

  async forget(sweep: string): Promise<void> {
    this.known.delete(sweep);
    await rm(join(this.folder, sweep), { recursive: true, force: true });
  }

  /** Removes what this process or another left. */
  async clear(): Promise<void> {
    this.known.clear();
    await rm(this.folder, { recursive: true, force: true });
  }
}
