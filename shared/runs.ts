/**
 * `count` blocks of `width` neighbouring positions each, whose beginnings are `step` apart:
 *   first + k · step + j,  k = 0..count−1, j = 0..width−1,  width ≤ step.
 * A list of runs is a set of positions in ascending order: each run ends before the next begins.
 * Every second point of an axis, or three of every four, is one run however long the axis is.
 */
export interface Run {
  readonly first: number;
  readonly width: number;
  readonly step: number;
  readonly count: number;
}

/** How many positions the runs hold. */
export function runsSize(runs: readonly Run[]): number {
  return runs.reduce((sum, { width, count }) => sum + width * count, 0);
}

/** How many positions of the runs are below `position`: its rank, if it is one of them. */
export function rankBelow(runs: readonly Run[], position: number): number {
  let below = 0;
  for (const { first, width, step, count } of runs) {
    if (position <= first) break;
    const block = Math.floor((position - first) / step);
    below +=
      block >= count
        ? width * count
        : block * width + Math.min(width, position - first - block * step);
  }
  return below;
}

/** The run that holds all ranks low..end−1, and the rank of its first position, if one does. */
export function runOfRanks(
  runs: readonly Run[],
  low: number,
  end: number,
): { readonly run: Run; readonly before: number } | undefined {
  let before = 0;
  for (const run of runs) {
    const after = before + run.width * run.count;
    if (low < after) return end <= after ? { run, before } : undefined;
    before = after;
  }
  return undefined;
}

/**
 * A function from ranks 0..size−1 to positions. It remembers the run it was in, so that going
 * through the ranks in order costs nothing more where there are many runs.
 */
export function positionReader(runs: readonly Run[]): (rank: number) => number {
  let index = 0;
  let before = 0;
  return (rank) => {
    if (rank < before) [index, before] = [0, 0];
    let run = runs[index]!;
    while (rank >= before + run.width * run.count) {
      before += run.width * run.count;
      run = runs[++index]!;
    }
    const within = rank - before;
    const block = Math.floor(within / run.width);
    return run.first + block * run.step + (within - block * run.width);
  };
}
