import { addRange, type Range, size } from "../../shared/ranges.ts";

/** What the commits of a sweep add up to. */
export interface SweepProgress {
  /** Cells that are committed. */
  readonly done: Range[];
  /** Cells done, by phase code. */
  readonly phases: number[];
  shards_committed: number;
}

export function noProgress(): SweepProgress {
  return { done: [], phases: [0, 0, 0, 0], shards_committed: 0 };
}

/** A part, and which of its cells it is the first to bring. */
interface CommittedPart {
  readonly range: Range;
  readonly accepted: readonly Range[];
  readonly phases: readonly number[];
}

/** Adds a committed part, in place. */
export function addCommitted(progress: SweepProgress, part: CommittedPart): void {
  for (const range of part.accepted) addRange(progress.done, range);
  addPhases(progress.phases, part);
  progress.shards_committed++;
}

/** A part that was trimmed counts its phases in proportion; a whole part counts exactly. */
export function addPhases(phases: number[], { range, accepted, phases: of }: CommittedPart): void {
  const share = size(accepted) / size([range]);
  for (const [code, count] of of.entries()) {
    phases[code] = (phases[code] ?? 0) + Math.round(count * share);
  }
}
