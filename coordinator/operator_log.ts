import { type Log, shardText } from "../shared/log.ts";
import type { Observer, RefusedSession, SettledPart, StoredGroup } from "./observer.ts";
import type { Effect, UntimedEvent } from "./state/events.ts";
import type { State, SweepStatus } from "./state/state.ts";

/** A group of parts that takes longer to become durable is worth a line. */
const SLOW_COMMIT_MS = 2_000;

/** What was last said of a sweep. */
interface Told {
  readonly status: SweepStatus;
  readonly has_trouble: boolean;
}

/** Says what an operator wants to know of a coordinator, once for each thing that happens. */
export class OperatorLog implements Observer {
  private readonly log: Log;
  private readonly told = new Map<string, Told>();
  private readonly hosts = new Map<string, string>();

  constructor(log: Log) {
    this.log = log;
  }

  stepped(event: UntimedEvent, effects: readonly Effect[], state: State): void {
    this.tellEvent(event, state);
    let isLeaseOver = false;
    for (const effect of effects) {
      if (effect.type === "sweep_changed" || effect.type === "merge") {
        this.tellSweep(effect.sweep, state);
      } else if (effect.type === "lease_ended") {
        isLeaseOver = true;
        this.tellLease(effect);
      } else if (effect.type === "send_goodbye") {
        const { worker, reason } = effect;
        const host = this.hosts.get(worker);
        this.log.warn("worker is sent away", { worker, host, error: reason });
      }
    }
    if (!isLeaseOver) return;
    // With its last lease, one that was cut off is forgotten.
    for (const effect of effects) {
      if (effect.type !== "lease_ended" || state.workers.has(effect.worker)) continue;
      this.hosts.delete(effect.worker);
    }
  }

  groupStored({ parts, bytes, files_ms, journal_ms, error }: StoredGroup): void {
    const sizes = { parts, bytes };
    if (error !== undefined) this.log.error("parts could not be stored", { ...sizes, error });
    else if (files_ms + journal_ms > SLOW_COMMIT_MS) {
      const times = { files_ms: Math.round(files_ms), journal_ms: Math.round(journal_ms) };
      this.log.warn("parts were slow to become durable", { ...sizes, ...times });
    }
  }

  partSettled({ outcome, worker, host, sweep, lease, reason }: SettledPart): void {
    const fields = { sweep, lease, worker, host, error: reason };
    if (outcome === "refused") this.log.warn("part refused", fields);
    else if (outcome === "torn") this.log.warn("part arrived torn, asked for again", fields);
  }

  merged(sweep: string, merge_ms: number, error?: string): void {
    const fields = { sweep, merge_ms: Math.round(merge_ms) };
    if (error === undefined) this.log.debug("parts merged", fields);
    else this.log.error("parts could not be merged", { ...fields, error });
  }

  refused({ reason, worker, host, peer }: RefusedSession): void {
    this.log.warn("worker refused", { worker, host, peer, error: reason });
  }

  private tellEvent(event: UntimedEvent, state: State): void {
    switch (event.type) {
      case "worker_registered": {
        const { worker, host, slots, version, held } = event;
        const message = this.hosts.has(worker) ? "worker came back" : "worker connected";
        this.hosts.set(worker, host);
        const computes = event.numeric_classes.join();
        this.log.info(message, { worker, host, slots, version, computes, leases: held.length });
        return;
      }
      case "worker_lost": {
        const { worker } = event;
        const host = this.hosts.get(worker);
        const there = state.workers.get(worker);
        if (there === undefined) {
          this.hosts.delete(worker);
          this.log.info("worker left", { worker, host });
        } else {
          this.log.warn("worker was cut off", { worker, host, leases: there.leases.size });
        }
        return;
      }
      case "worker_died": {
        const { worker, how } = event;
        const host = this.hosts.get(worker);
        if (!this.hosts.delete(worker)) return;
        // A parent reports every end of its children, a good one too.
        if (how === "exit code 0") this.log.info("worker left", { worker, host });
        else this.log.warn("worker died", { worker, host, error: how });
        return;
      }
      case "worker_draining":
        this.log.info("worker drains", {
          worker: event.worker,
          host: this.hosts.get(event.worker),
        });
        return;
      case "sweep_submitted":
        this.log.info("sweep taken up", {
          sweep: event.sweep,
          cells: event.plan.cells,
          done: state.sweeps.get(event.sweep)?.cells_done,
        });
        return;
      case "sweep_extended":
        this.log.info("sweep grows", { sweep: event.sweep, cells: event.plan.cells });
        return;
      case "sweep_removed":
        this.told.delete(event.sweep);
        this.log.info("sweep gives way to another one", { sweep: event.sweep });
        return;
      case "duplicate_compared": {
        const { sweep, mismatches } = event;
        if (mismatches === 0) return;
        this.log.error("cells that came twice differ", { sweep, cells: mismatches });
        return;
      }
      case "parts_gone":
        this.log.error("parts were removed, their cells are computed again", {
          sweep: event.sweep,
          shard: event.ranges.slice(0, SHARDS_SHOWN).map(shardText).join(),
        });
    }
  }

  private tellSweep(sweep: string, state: State): void {
    const there = state.sweeps.get(sweep);
    if (there === undefined) return;
    const { status, storage_trouble, error, cells_done: done } = there;
    const has_trouble = storage_trouble !== null;
    const told = this.told.get(sweep);
    // As with nearly every part.
    if (status === told?.status && has_trouble === told.has_trouble) return;
    this.told.set(sweep, { status, has_trouble });
    if (status !== told?.status) {
      const cells = there.plan.cells;
      const fields = { sweep, done, cells, error: error === "" ? undefined : error };
      const level = status === "failed" ? "error" : error === "" ? "info" : "warn";
      this.log[level](`sweep is ${status}`, fields);
    }
    if (has_trouble !== (told?.has_trouble ?? false)) {
      if (has_trouble) {
        this.log.error("nothing reaches the disk", { sweep, error: storage_trouble.error });
      } else this.log.info("parts reach the disk again", { sweep });
    }
  }

  private tellLease(effect: Extract<Effect, { type: "lease_ended" }>): void {
    const { outcome, sweep, range, lease, worker, why } = effect;
    if (outcome === "given_back") return;
    const host = this.hosts.get(worker);
    const shard = shardText(range);
    const fields = { sweep, shard, lease, worker, host, outcome, error: why };
    if (effect.then === "given_up") this.log.error("cells are given up", fields);
    else if (effect.then === "halved") this.log.warn("shard is leased again, in halves", fields);
    else this.log.warn("shard is leased again", fields);
  }
}

/** Ranges that a line names. */
const SHARDS_SHOWN = 10;
