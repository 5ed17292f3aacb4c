import { type Clock, sleep } from "../shared/clock.ts";
import { FailureError, messageOf } from "../shared/errors.ts";
import type { CoordinatorMessage__Output } from "../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { Lease__Output } from "../shared/generated/phasesweep/v1/Lease.ts";
import type { WorkerMessage } from "../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { KERNEL_VERSIONS, kernelVersionOf } from "../shared/kernel_version.ts";
import { STORY_CHARACTERS_MAX } from "../shared/limits.ts";
import { type Log, shardText } from "../shared/log.ts";
import { packageVersion } from "../shared/package_info.ts";
import { groupIndexOf, type Plan, type PlannedGroup, parsePlan } from "../shared/plan.ts";
import { PROTOCOL, protocolProblem } from "../shared/protocol.ts";
import { type ComputeShardOptions, computeShard } from "./compute_shard.ts";
import type { DatasetSource } from "./dataset_cache.ts";
import { DeviceGone } from "./device/device_process.ts";
import type { Link, SessionStream } from "./link.ts";
import { LinkError } from "./link_error.ts";
import type { ShardComputer } from "./pool.ts";
import { BUSY_MS, CELLS_DONE, CELLS_WANTED, type ShardResult, shardControl } from "./shard_task.ts";
import { BACKOFF_MS_MIN, whileLineFails } from "./while_line_fails.ts";
import { counting, countPart, noWorkerNumbers, type WorkerNumbers } from "./worker_tally.ts";

export interface WorkerOptions {
  readonly link: Link;
  /** What computes the shards; this worker closes it when it leaves. */
  readonly computer: ShardComputer;
  /** Without it, no shard that needs a stored data set can be computed. */
  readonly datasets?: DatasetSource;
  /** Name of this worker, different for every process. */
  readonly name: string;
  readonly host: string;
  /** Shards computed at the same time, one thread or device each. */
  readonly slots: number;
  /** The classes of results that the computer can give (shared/numeric_class.ts). */
  readonly numeric_classes: readonly string[];
  /** Gives up when the coordinator cannot be reached for this long. */
  readonly connect_ms: number;
  /** Leaves when a coordinator has had nothing for it for this long; without it, it waits. */
  readonly idle_ms?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Counted up while it works. */
  readonly numbers?: WorkerNumbers;
  /** A part has been taken. */
  readonly onHandedIn?: () => void;
}

interface LeaseInHand {
  readonly lease: Lease__Output;
  readonly control: Int32Array;
  /** The coordinator does not want it any more. */
  cancelled: boolean;
  /** Cells that are still this worker's: fewer than leased once the lease was shrunk. */
  cells: number;
}

/**
 * A worker node: it keeps one stream to the coordinator, computes what it is leased on a pool of
 * threads, and hands in every finished range as a Parquet part. This thread never computes, so
 * renewals keep going whatever the pool does.
 */
export class Worker {
  private readonly options: WorkerOptions;
  private readonly numbers: WorkerNumbers;
  private readonly shardOptions: ComputeShardOptions;
  private readonly inHand = new Map<string, LeaseInHand>();
  private readonly plans = new Map<string, Promise<Plan>>();
  private stream: SessionStream | undefined;
  private draining = false;
  /** Why the coordinator wants nothing more of this worker. */
  private sentAway: string | undefined;
  private stopRenewing: () => void = () => {};
  /** Ends the wait for work. */
  private stopWaiting: () => void = () => {};
  private allSettled: (() => void) | undefined;
  /** Ends the wait for the present stream. */
  private wake: (() => void) | undefined;

  constructor(options: WorkerOptions) {
    this.options = options;
    this.numbers = options.numbers ?? noWorkerNumbers(options.slots);
    const { link, computer, ...rest } = options;
    this.shardOptions = {
      ...rest,
      retry_ms_max: link.retry_ms_max,
      numbers: this.numbers,
      isDraining: () => this.draining,
      run: counting(computer, this.numbers),
    };
  }

  /**
   * Works until drained. @throws FailureError if refused or sent away, or if nobody answers for
   * connect_ms.
   */
  async run(): Promise<void> {
    const { clock, link, computer, connect_ms, log } = this.options;
    let lastSeen = clock.nowMs();
    let backoff = BACKOFF_MS_MIN;
    let isSaid = false;
    try {
      while (!this.draining) {
        const welcomed = await this.session();
        if (this.draining) break;
        if (welcomed) {
          lastSeen = clock.nowMs();
          backoff = BACKOFF_MS_MIN;
          isSaid = true;
          log.warn(`lost the coordinator at ${link.place}; trying to reach it again`);
        } else if (clock.nowMs() - lastSeen > connect_ms) {
          throw new FailureError({
            place: link.place,
            problem: `no coordinator answered there for ${Math.round(connect_ms / 1000)} s`,
            fix: "start one with `phasesweep serve`, or give its address with --coordinator HOST:PORT",
          });
        } else if (!isSaid) {
          isSaid = true;
          const patience = `for ${Math.round(connect_ms / 1000)} s`;
          log.warn(`no coordinator answers at ${link.place} yet; trying again ${patience}`);
        }
        await sleep(clock, backoff);
        backoff = Math.min(2 * backoff, link.retry_ms_max);
      }
      await this.settleAll();
      if (this.sentAway !== undefined) {
        throw new FailureError({
          place: link.place,
          problem: `the coordinator sent this worker away: ${this.sentAway}`,
          fix: "`phasesweep doctor` shows what this machine can run; mend it and start the worker again",
        });
      }
    } finally {
      this.stopRenewing();
      this.stopWaiting();
      this.stream?.end();
      await computer.close();
      link.close();
    }
  }

  /** Takes no more leases, hands in what is finished, gives back the rest; run() then returns. */
  drain(reason: string): void {
    if (this.draining) return;
    this.draining = true;
    this.options.log.info(`draining: ${reason}`);
    this.send({ drain: { reason } });
    for (const { control } of this.inHand.values()) Atomics.store(control, CELLS_WANTED, 0);
    this.wake?.();
  }

  /** One stream from registration to its end; true if the coordinator welcomed this worker. */
  private session(): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const { link } = this.options;
      let welcomed = false;
      const finish = (refused?: string) => {
        this.stopRenewing();
        this.stopWaiting();
        this.numbers.connected = false;
        if (!this.draining) this.stream = undefined;
        if (refused === undefined) resolve(welcomed);
        else reject(this.refusedFor(refused));
      };
      this.wake = () => finish();
      this.stream = link.openSession((message) => {
        const refused = refusalIn(message);
        if (refused !== undefined) {
          const problem = `refused: ${refused}`;
          reject(new FailureError({ place: link.place, problem, fix: "see the reason" }));
        } else if (message.message === "welcome") {
          welcomed = true;
          this.numbers.connected = true;
          this.numbers.sessions++;
          this.options.log.info(`connected to ${link.place}`);
          this.renewEvery(message.welcome!.renewMs);
          this.waitForWork();
        } else {
          this.receive(message);
        }
      }, finish);
      this.send({
        register: {
          worker: this.options.name,
          host: this.options.host,
          version: packageVersion,
          protocol: PROTOCOL,
          slots: this.options.slots,
          numericClasses: [...this.options.numeric_classes],
          kernelVersions: [...KERNEL_VERSIONS],
          held: [...this.inHand.values()].map(({ lease }) => lease),
        },
      });
    });
  }

  private refusedFor(problem: string): FailureError {
    return new FailureError({
      place: this.options.link.place,
      problem: `the credentials of this worker are not good: ${problem}`,
      fix: "give a folder of `phasesweep certs` with the role work as --credentials DIR, and start the worker again",
    });
  }

  private receive(message: CoordinatorMessage__Output): void {
    switch (message.message) {
      case "leases":
        for (const lease of message.leases!.leases) void this.work(lease);
        return;
      case "cancel": {
        const held = this.inHand.get(message.cancel!.lease);
        if (held === undefined) return;
        held.cancelled = true;
        Atomics.store(held.control, CELLS_WANTED, 0);
        return;
      }
      case "shrink": {
        const { lease, cellCount } = message.shrink!;
        const held = this.inHand.get(lease);
        if (held === undefined || this.draining) return;
        held.cells = cellCount;
        Atomics.store(held.control, CELLS_WANTED, cellCount);
        return;
      }
      case "goodbye": {
        const { reason, done } = message.goodbye!;
        if (!done) this.sentAway = reason;
        this.drain(done ? reason : `sent away: ${reason}`);
      }
    }
  }

  /** Computes one lease and settles it: handed in, given back, or failed. */
  private async work(lease: Lease__Output): Promise<void> {
    const { firstCell: first_cell, cellCount: cell_count } = lease;
    const control = shardControl(this.draining ? 0 : cell_count);
    const held: LeaseInHand = { lease, control, cancelled: false, cells: cell_count };
    this.inHand.set(lease.lease, held);
    this.numbers.leases = this.inHand.size;
    this.stopWaiting();
    try {
      const plan = await this.planWith(lease.sweep, first_cell);
      const group = plan.groups[groupIndexOf(plan, first_cell)]!;
      requireKernels(group);
      const task = { group, first_cell, cell_count, control };
      const result = await computeShard(this.shardOptions, held, task);
      if (!held.cancelled && result.cells > 0) {
        this.numbers.parts_waiting++;
        const isTaken = await this.handIn(held, result).finally(() => this.numbers.parts_waiting--);
        if (isTaken) countPart(this.numbers, group.numeric_class, result);
      }
      if (!held.cancelled && result.cells < held.cells) {
        this.send({ release: { leases: [lease.lease], reason: "draining" } });
      }
    } catch (error) {
      const what = { sweep: lease.sweep, lease: lease.lease, error: messageOf(error) };
      const shard = shardText({ first: first_cell, end: first_cell + cell_count });
      this.options.log.warn("lease failed", { ...what, shard });
      // A line or a device that broke says nothing about the cells; a part refused for good does.
      const broke = error instanceof LinkError || error instanceof DeviceGone;
      if (broke && error.passing) {
        this.send({ release: { leases: [lease.lease], reason: messageOf(error) } });
      } else {
        this.numbers.shards_failed++;
        const why = messageOf(error).slice(0, STORY_CHARACTERS_MAX);
        this.send({ failed: { lease: lease.lease, error: why } });
      }
    } finally {
      this.inHand.delete(lease.lease);
      this.numbers.leases = this.inHand.size;
      if (this.inHand.size === 0) {
        this.waitForWork();
        this.allSettled?.();
      }
    }
  }

  /** Sends a part until the coordinator has it, through lost connections and torn bytes. */
  private async handIn(held: LeaseInHand, result: ShardResult): Promise<boolean> {
    const { name, host } = this.options;
    const { lease, sweep, firstCell } = held.lease;
    const [lazy = 0, catapult = 0, divergent = 0, unsettled = 0] = result.phases;
    const header = {
      worker: name,
      host,
      lease,
      sweep,
      firstCell,
      cellCount: result.cells,
      bytes: result.bytes.length,
      sha256: result.sha256,
      phases: { lazy, catapult, divergent, unsettled },
      computeMs: result.compute_ms,
      startedMs: result.started_ms,
      slot: result.slot,
      version: packageVersion,
    };
    const { link, log, onHandedIn } = this.options;
    const sent = await whileLineFails(
      this.shardOptions,
      () => !held.cancelled,
      () => link.sendPart(header, result.bytes).then(() => true),
      ({ message }) => {
        this.numbers.retries++;
        log.warn("part did not arrive; again", { sweep, lease, error: message });
      },
    );
    if (sent) onHandedIn?.();
    return sent === true;
  }

  /** The plan of a sweep, fetched again if it has grown to hold a cell that it did not have. */
  private async planWith(sweep: string, cell: number): Promise<Plan> {
    const known = this.plan(sweep);
    const plan = await known;
    if (cell < plan.cells) return plan;
    if (this.plans.get(sweep) === known) this.plans.delete(sweep);
    return this.plan(sweep);
  }

  private plan(sweep: string): Promise<Plan> {
    let plan = this.plans.get(sweep);
    if (plan === undefined) {
      plan = this.options.link.getPlan(sweep).then(parsePlan);
      plan.catch(() => this.plans.delete(sweep));
      this.plans.set(sweep, plan);
    }
    return plan;
  }

  private renewEvery(renew_ms: number): void {
    this.stopRenewing();
    this.stopRenewing = this.options.clock.after(renew_ms, () => {
      const leases = [...this.inHand.values()].map(({ lease, control }) => {
        const cellsDone = Atomics.load(control, CELLS_DONE);
        const cellsPerMs = cellsDone / Math.max(1, Atomics.load(control, BUSY_MS));
        return { lease: lease.lease, cellsDone, cellsPerMs };
      });
      if (leases.length > 0) this.send({ renew: { leases } });
      this.renewEvery(renew_ms);
    });
  }

  /** While it is connected and has no lease, time runs; with a lease, or without a line, it does not. */
  private waitForWork(): void {
    const { idle_ms, clock } = this.options;
    this.stopWaiting();
    if (idle_ms === undefined || this.inHand.size > 0 || this.stream === undefined) return;
    this.stopWaiting = clock.after(idle_ms, () => {
      this.drain(`nothing to do for ${Math.round(idle_ms / 1000)} s`);
    });
  }

  private send(message: WorkerMessage): void {
    this.stream?.send(message);
  }

  private async settleAll(): Promise<void> {
    while (this.inHand.size > 0) {
      await new Promise<void>((resolve) => {
        this.allSettled = resolve;
      });
    }
  }
}

/** Why the coordinator and this worker do not work together, if they do not. */
function refusalIn({ message, refusal, welcome }: CoordinatorMessage__Output): string | undefined {
  if (message === "refusal") return refusal!.reason;
  if (message !== "welcome") return undefined;
  const { version, protocol } = welcome!;
  return protocolProblem(
    { role: "coordinator", version, protocol },
    { role: "worker", version: packageVersion },
  );
}

/** No coordinator should lease such cells; their numbers would be others than their identity says. */
function requireKernels(group: PlannedGroup): void {
  const version = kernelVersionOf(group);
  if (KERNEL_VERSIONS.includes(version)) return;
  throw new Error(`these cells are of kernel version ${version}, not ${KERNEL_VERSIONS.join()}`);
}
