import type { State, SweepState, SweepStatus } from "./state.ts";

/** What may follow each status of a sweep, and what brings it about. */
export const SWEEP_TRANSITIONS: Readonly<
  Record<SweepStatus, Readonly<Partial<Record<SweepStatus, string>>>>
> = {
  running: {
    paused: "somebody pauses it",
    merging: "its last cell is committed or given up",
    failed:
      "nothing reaches the disk any more, not one cell can be computed, or its data set is gone",
    cancelled: "somebody cancels it",
  },
  paused: {
    running: "somebody resumes it",
    merging: "the last cell that was in hand is committed",
    failed: "what was in hand cannot be stored, or its data set is gone",
    cancelled: "somebody cancels it",
  },
  merging: {
    done: "the merged files are durable",
    running: "parts that it had are not there any more, or its cells call for others",
    failed: "the parts cannot be merged",
  },
  done: {},
  failed: { running: "somebody submits it again" },
  cancelled: { running: "somebody resumes it, or submits it again" },
};

/** Changes the status of a sweep. @throws Error, with the sweep's story, if it may not follow. */
export function setStatus(state: State, sweep: SweepState, status: SweepStatus): void {
  if (SWEEP_TRANSITIONS[sweep.status][status] === undefined) {
    throw new Error(
      `sweep ${sweep.sweep} cannot go from ${sweep.status} to ${status}\n${storyOf(state, sweep)}`,
    );
  }
  sweep.status = status;
  orderQueue(state);
}

/** Whether a sweep of one status may be given another. */
export function canBecome(from: SweepStatus, to: SweepStatus): boolean {
  return SWEEP_TRANSITIONS[from][to] !== undefined;
}

/** Whether somebody may give a sweep another status: while it is being merged, nobody. */
export function mayBeGiven(from: SweepStatus, to: SweepStatus): boolean {
  return from !== "merging" && canBecome(from, to);
}

/** Lists the sweeps that are to be leased: the highest priority first, and then the oldest. */
export function orderQueue(state: State): void {
  state.queue = [...state.sweeps.values()]
    .filter(({ status }) => status === "running")
    .sort((a, b) => b.priority - a.priority);
}

const STORY_LINES_MAX = 20;

/** What is known of a sweep's cells, for an error: where they are and what befell them. */
export function storyOf(state: State, sweep: SweepState): string {
  const lines = [
    `${sweep.cells_done} of ${sweep.plan.cells} cells done, ${sweep.storing.length} ranges on their way to the disk`,
  ];
  for (const { lease, worker, range, past, sweep: of } of state.leases.values()) {
    if (of !== sweep.sweep) continue;
    lines.push(`cells ${range.first}..${range.end - 1}: leased to ${worker} as ${lease}`);
    lines.push(...past.story.map((line) => `    before: ${line}`));
  }
  for (const { range, past } of sweep.returned) {
    lines.push(`cells ${range.first}..${range.end - 1}: given back`);
    lines.push(...past.story.map((line) => `    before: ${line}`));
  }
  for (const { range, error } of sweep.failures) {
    lines.push(`cells ${range.first}..${range.end - 1}: ${error}`);
  }
  const left = lines.length - STORY_LINES_MAX;
  if (left > 0) lines.splice(STORY_LINES_MAX, left, `and ${left} lines more`);
  return lines.map((line) => `  ${line}`).join("\n");
}
