import { canReplace } from "./abilities.ts";
import type { Effect } from "./events.ts";
import type { LeaseState, Past, State, WorkerState } from "./state.ts";

/** So many shards that a worker failed and others finished, or may finish, and it gets no more. */
const BLAME_MAX = 3;
/** What a shard handed in takes off a worker's blame: one failure in twenty shards is forgiven. */
const FORGIVEN_BY_A_SHARD = 0.05;

/** The number of a doubt that was judged. */
export const NO_DOUBT = 0;

/**
 * A worker failed a lease. Either a cell of it cannot be computed or the worker is not fit; who
 * else tries them will show. Returns what is known of the cells now.
 */
export function raiseDoubt(state: State, lease: LeaseState, error: string): Past {
  const { past, range } = lease;
  const worker = state.workers.get(lease.worker)!;
  const cells_left = range.end - range.first;
  // What the same host failed before was a larger range around this one, and the same doubt.
  for (const { host, doubt } of past.failed_on) if (host === worker.host) dropDoubt(state, doubt);
  const elsewhere = past.failed_on.filter(({ host }) => host !== worker.host);
  const doubt = ++state.doubted;
  state.doubts.set(doubt, { worker: lease.worker, error, cells_left });
  worker.doubts++;
  const failed = { host: worker.host, one_cell: lease.granted_cells === 1, doubt };
  return { ...past, failed_on: [...elsewhere, failed] };
}

/** `worker` finished cells that others had failed: those others are to blame once all are. */
export function judge(
  state: State,
  finisher: string,
  { failed_on }: Past,
  cells: number,
  effects: Effect[],
): void {
  for (const { doubt: id } of failed_on) {
    const doubt = state.doubts.get(id);
    if (doubt === undefined) continue;
    const name = doubt.worker;
    doubt.cells_left -= cells;
    if (doubt.cells_left > 0) continue;
    dropDoubt(state, id);
    const worker = state.workers.get(name);
    // What it finished itself after all was a mishap.
    if (worker === undefined || name === finisher) continue;
    worker.blame++;
    if (worker.blame >= BLAME_MAX && !worker.draining) {
      worker.draining = true;
      const reason = `it failed ${Math.round(worker.blame)} shards that other workers finished, the last with: ${doubt.error}`;
      effects.push({ type: "send_goodbye", worker: name, reason });
    }
  }
}

export function forgive(worker: WorkerState): void {
  worker.blame = Math.max(0, worker.blame - FORGIVEN_BY_A_SHARD);
}

/** The cells of a doubt are given up, or confirmed as bad: its worker is cleared. */
export function dropDoubt(state: State, id: number): void {
  const doubt = state.doubts.get(id);
  if (doubt === undefined) return;
  state.doubts.delete(id);
  const worker = state.workers.get(doubt.worker);
  if (worker !== undefined) worker.doubts--;
}

/** A worker that fails one shard after another waits until others have tried some of them. */
export function isSuspended(state: State, worker: WorkerState, now_ms: number): boolean {
  // Where all are in doubt it is the cells, and somebody must go on.
  return isDoubtful(worker) && hasOthers(state, worker, now_ms, (other) => !isDoubtful(other));
}

function isDoubtful({ doubts, blame }: WorkerState): boolean {
  return doubts + blame >= BLAME_MAX;
}

/** Cells that failed on one host only are for another one, if there is any. */
export function mayTry(
  state: State,
  worker: WorkerState,
  { failed_on }: Past,
  now_ms: number,
): boolean {
  if (failed_on.length === 0) return true;
  // Of one cell alone counts who failed just that one.
  const alone = failed_on.filter(({ one_cell }) => one_cell);
  const hosts = (alone.length > 0 ? alone : failed_on).map(({ host }) => host);
  return hosts.some((host) => host !== worker.host) || !hasOthers(state, worker, now_ms);
}

/** Whether a worker on another host could try what this one failed, or is likely to come. */
export function hasOthers(
  state: State,
  worker: WorkerState,
  now_ms: number,
  counts: (other: WorkerState) => boolean = (other) => !isSuspended(state, other, now_ms),
): boolean {
  if (now_ms < state.company_until_ms) return true;
  for (const other of state.workers.values()) {
    if (other.host === worker.host || !other.connected || other.draining || !counts(other))
      continue;
    if (canReplace(other, worker)) return true;
  }
  return false;
}

/** The worker is gone, and what it may have had to answer for with it. */
export function forgetWorker(state: State, name: string): void {
  for (const [id, { worker }] of state.doubts) if (worker === name) state.doubts.delete(id);
  state.workers.delete(name);
}
