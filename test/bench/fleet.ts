import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Coordinator } from "../../coordinator/coordinator.ts";
import { CoordinatorMetrics } from "../../coordinator/metrics/coordinator_metrics.ts";
import { RpcMetrics } from "../../coordinator/metrics/rpc_metrics.ts";
import { observers } from "../../coordinator/observer.ts";
import { OperatorLog } from "../../coordinator/operator_log.ts";
import { type CoordinatorServer, serveCoordinator } from "../../coordinator/rpc/server.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { sleep, systemClock } from "../../shared/clock.ts";
import type { CoordinatorMessage } from "../../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { Lease } from "../../shared/generated/phasesweep/v1/Lease.ts";
import { NO_LOG } from "../../shared/log.ts";
import { newRegistry } from "../../shared/metrics.ts";
import { serializePlan } from "../../shared/plan.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";

/** The times of `run`. */
const LEASE = { lease_ms: 10_000, renew_ms: 500 };

export interface FleetOptions {
  readonly shard_ms: number;
  readonly leases_per_slot: number;
  /** Holds every lease back until the commit before it is durable, so that it has all to itself. */
  readonly oneAtATime: boolean;
  /** Worker processes: each runs `script` with the address of the coordinator and `slots`. */
  readonly workers: number;
  readonly slots: number;
  readonly script: string;
  /** Further arguments of the script. */
  readonly args: readonly string[];
  /** Counts and logs as `serve --http` does. */
  readonly watched?: boolean;
}

export interface SweepTimes {
  readonly shards: number;
  /** From its submission until the commit of its last shard. */
  readonly committed_ms: number;
  /** From there until its results are merged. */
  readonly merge_ms: number;
  /** What the shards report that they took to compute, all together. */
  readonly compute_ms: number;
}

/**
 * The production coordinator in this process, on a folder of this machine's disk, and worker
 * processes that are connected to it. Looks on from outside, at calls between the parts.
 */
export class Fleet {
  /** From the sending of a lease until its commit is durable, for all that have been so far. */
  readonly latencies_ms: number[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), "phasesweep-bench-"));
  private compute_ms = 0;
  private readonly sent = new Map<string, number>();
  /** Leases that are held back. */
  private readonly held: (() => void)[] = [];
  private readonly children: ChildProcess[] = [];
  private lastCommitted: (() => void) | undefined;
  private coordinator!: Coordinator;
  private server!: CoordinatorServer;
  private sweeps = 0;
  private seedsUsed = 0;

  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet();
    const storage = await FolderStorage.open(fleet.folder, false);
    const { shard_ms, leases_per_slot, workers, slots, script, args } = options;
    fleet.watchStorage(storage);
    const registry = newRegistry();
    const counting = {
      leadership: () => ({ is_leader: true, epoch: 1, since_ms: 0 }),
      bytesWaiting: () => 0,
      cellsCopied: () => 0,
    };
    const observer = options.watched
      ? observers(new CoordinatorMetrics(registry, counting), new OperatorLog(NO_LOG))
      : undefined;
    const interceptors = options.watched ? [new RpcMetrics(registry, systemClock).interceptor] : [];
    fleet.coordinator = await Coordinator.open({
      storage,
      singleSweep: false,
      clock: systemClock,
      observer,
      rules: {
        lease_ms: LEASE.lease_ms,
        reconnect_ms: 3_000,
        shard_ms,
        leases_per_slot,
        losses_max: 100,
        company_ms: 0,
        storage_patience_ms: 30_000,
      },
    });
    fleet.watchLeases(options.oneAtATime);
    fleet.server = await serveCoordinator(fleet.coordinator, "127.0.0.1", 0, LEASE, {
      interceptors,
    });
    for (let i = 0; i < workers; i++) {
      const argv = [script, fleet.server.address, String(slots), ...args];
      fleet.children.push(
        spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "inherit"] }),
      );
    }
    while (fleet.coordinator.watch.workers().length < workers) await sleep(systemClock, 20);
    return fleet;
  }

  /** Runs one sweep of seeds × learning rates to its end. */
  async sweep(seeds: number, learning_rates: number): Promise<SweepTimes> {
    // Seeds of its own: cells that an earlier sweep has would be taken over, not computed.
    const from = this.seedsUsed;
    this.seedsUsed += seeds;
    const text = `{name: sweep-${this.sweeps++}, dataset: example4, loss: logistic,
      seeds: {from: ${from}, count: ${seeds}},
      model: {hidden_layers: 1, width: 100}, training: {steps: 100},
      learning_rate: {from: 2, to: 20, points: ${learning_rates}, scale: linear}}`;
    const plan = buildPlan(parseSweep(text, "bench"));
    const plan_json = serializePlan(plan);
    const committed = new Promise<void>((resolve) => {
      this.lastCommitted = resolve;
    });
    this.compute_ms = 0;
    const began_ms = systemClock.nowMs();
    const { cellsCached } = await this.coordinator.submit(plan_json);
    if (cellsCached > 0) throw new Error(`${cellsCached} cells were not computed`);
    await committed;
    const committed_ms = systemClock.nowMs() - began_ms;
    const status = () => this.coordinator.watch.status(plan.name)!;
    while (status().state === "merging") await sleep(systemClock, 20);
    if (status().state !== "done") throw new Error(`the sweep failed: ${status().error}`);
    return {
      shards: Number(status().shardsCommitted),
      committed_ms,
      merge_ms: systemClock.nowMs() - began_ms - committed_ms,
      compute_ms: this.compute_ms,
    };
  }

  async close(): Promise<void> {
    for (const child of this.children) child.kill("SIGKILL");
    await this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The merge begins with the last commit; the journal returns when commits are durable. */
  private watchStorage(storage: FolderStorage): void {
    const merge = storage.merge.bind(storage);
    storage.merge = (...args) => {
      this.lastCommitted?.();
      return merge(...args);
    };
    const { journal } = storage;
    const commit = journal.commit.bind(journal);
    journal.commit = async (commits) => {
      await commit(commits);
      const now_ms = systemClock.nowMs();
      for (const { lease, compute_ms } of commits) {
        this.compute_ms += compute_ms;
        this.latencies_ms.push(now_ms - this.sent.get(lease)!);
        this.sent.delete(lease);
      }
      if (this.sent.size === 0) setImmediate(() => this.held.shift()?.());
    };
  }

  private watchLeases(oneAtATime: boolean): void {
    const { coordinator } = this;
    const open = coordinator.openSession.bind(coordinator);
    coordinator.openSession = (worker: string, send: (message: CoordinatorMessage) => void) =>
      open(worker, (message) => {
        const leases = message.leases?.leases;
        if (leases === undefined) send(message);
        else if (!oneAtATime) this.sendLeases(leases, send);
        else {
          for (const lease of leases) this.held.push(() => this.sendLeases([lease], send));
          if (this.sent.size === 0) this.held.shift()?.();
        }
      });
  }

  private sendLeases(leases: Lease[], send: (message: CoordinatorMessage) => void): void {
    const now_ms = systemClock.nowMs();
    for (const { lease } of leases) this.sent.set(lease!, now_ms);
    send({ leases: { leases } });
  }
}
