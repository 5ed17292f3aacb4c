import type { WorkerSummary } from "../../messages.ts";

export type WorkerColumn =
  | "worker"
  | "host"
  | "state"
  | "slots"
  | "leases"
  | "cells_per_second"
  | "blame"
  | "doubts";

export interface WorkerOrder {
  readonly column: WorkerColumn;
  readonly isDescending: boolean;
}

/** What is at work comes first, what may need a hand last. */
const STATES = ["connected", "draining", "gone"] as const;

export function workerState({ connected, draining }: WorkerSummary): (typeof STATES)[number] {
  return connected ? (draining ? "draining" : "connected") : "gone";
}

/** Names are in the order of their numbers: w2 before w10. */
const NAMES = new Intl.Collator("en", { numeric: true });

/** Workers that match all words of a search (name, host, version, class, state), in order. */
export function orderedWorkers(
  workers: Iterable<WorkerSummary>,
  search: string,
  { column, isDescending }: WorkerOrder,
): WorkerSummary[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found: WorkerSummary[] = [];
  for (const worker of workers) {
    if (words.length === 0 || matches(worker, words)) found.push(worker);
  }
  const sign = isDescending ? -1 : 1;
  return found.sort((a, b) => sign * compare(a, b, column) || NAMES.compare(a.worker, b.worker));
}

function matches(worker: WorkerSummary, words: readonly string[]): boolean {
  const { worker: name, host, version, numeric_classes } = worker;
  const text = [name, host, version, ...numeric_classes, workerState(worker)]
    .join(" ")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

function compare(a: WorkerSummary, b: WorkerSummary, column: WorkerColumn): number {
  if (column === "worker" || column === "host") return NAMES.compare(a[column], b[column]);
  if (column === "state") return STATES.indexOf(workerState(a)) - STATES.indexOf(workerState(b));
  return a[column] - b[column];
}
