import type { Coordinator } from "../../coordinator/coordinator.ts";
import { JournalLost } from "../../coordinator/journal/journal.ts";
import type { SweepControl } from "../../coordinator/state/events.ts";
import { messageOf, UsageError } from "../../shared/errors.ts";
import { NO_LOG } from "../../shared/log.ts";
import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { type Plan, parsePlan } from "../../shared/plan.ts";
import { uniformStream } from "../../shared/random.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { LOAD_ERROR } from "../../worker/stored_datasets.ts";
import { Worker } from "../../worker/worker.ts";
import { checkLeases, checkResults, describeFleet, stateOf } from "./inspect.ts";
import { ProcessClock, SimTime } from "./sim_clock.ts";
import { type Poison, SimComputer } from "./sim_computer.ts";
import { SimCoordinators } from "./sim_coordinators.ts";
import { SimDatasetSource, withStored } from "./sim_datasets.ts";
import { SimDisk } from "./sim_disk.ts";
import { LEASE, SimNetwork } from "./sim_network.ts";

const RULES = {
  lease_ms: LEASE.lease_ms,
  reconnect_ms: 3_000,
  shard_ms: 1_000,
  leases_per_slot: 2,
  losses_max: 100_000,
  company_ms: 60_000,
  storage_patience_ms: 10_000,
};

/** Disturbances go on for so long; then everything heals and the sweep must end. */
const STORM_MS = 120_000;
const HEALED_MS_MAX = 3_600_000;
const RESUBMIT_MS = 5_000;
const TAIL_MS_MAX = 120_000;

/** Far more than any lease. */
const WALL_JUMP_MS_MAX = 24 * 3_600_000;

interface RunningWorker {
  readonly name: string;
  readonly clock: ProcessClock;
  readonly worker: Worker;
  readonly isBad: boolean;
}

export interface SimReport {
  readonly seed: number;
  readonly cells: number;
  readonly workers_started: number;
  readonly coordinators_started: number;
  /** Of them, those that were alive when another one took over. */
  readonly coordinators_replaced: number;
  readonly duplicates: number;
  readonly simulated_ms: number;
}

/**
 * One simulated fleet under one seed. Coordinator, sessions, committer, scheduler and workers are
 * the production code; clock, network, disk and the computing of cells are simulated.
 */
export class World {
  private readonly seed: number;
  private readonly time = new SimTime();
  private readonly random: () => number;
  private readonly network: SimNetwork;
  private readonly disk: SimDisk;
  private readonly plan: Plan;
  private readonly coordinators: SimCoordinators;
  private workers: RunningWorker[] = [];
  private readonly poison = new Map<number, Poison>();
  private workersStarted = 0;
  private storming = true;
  private tail_ms = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = uniformStream(seed, 1);
    this.network = new SimNetwork(this.time, uniformStream(seed, 2));
    this.disk = new SimDisk(uniformStream(seed, 3), uniformStream(seed, 8));
    const seeds = 1 + Math.floor(40 * this.random());
    const points = 2 + Math.floor(60 * this.random());
    this.plan = buildPlan(
      parseSweep(
        `{name: sim, dataset: [example3, example4], loss: logistic, seeds: ${seeds},
          model: {hidden_layers: 1, width: 10},
          learning_rate: {from: 1, to: 9, points: ${points}, scale: linear}}`,
        "sim",
      ),
    );
    if (seed % 5 === 4) this.plan = withStored(this.plan);
    this.coordinators = new SimCoordinators({
      ...{ plan: this.plan, rules: RULES, time: this.time, network: this.network, disk: this.disk },
      ...{ random: this.random, replacing: uniformStream(seed, 7) },
    });
    // Every other sweep grows, in one to three rounds.
    if (seed % 2 === 1) {
      this.disk.rounds = 1 + (seed % 3);
      this.disk.round_seeds = 1 + (seed % 7);
    }
    // Some sweeps have cells that nobody can compute.
    for (let i = Math.floor(4 * this.random()) - 1; i > 0; i--) {
      const cell = Math.floor(this.plan.cells * this.random());
      this.poison.set(cell, this.random() < 0.5 ? "throws" : "crashes");
    }
  }

  /** Runs the sweep through the storm to its end. @throws Error on whatever must not happen */
  async run(): Promise<SimReport> {
    void this.coordinators.start();
    const count = 1 + Math.floor(4 * this.random());
    for (let i = 0; i < count; i++) this.startWorker();
    this.storm();
    this.jumpClocks(uniformStream(this.seed, 4));
    this.removeParts(uniformStream(this.seed, 5));
    this.removeDatasets(uniformStream(this.seed, 6));
    const done = () => this.disk.sweeps[0]?.merged != null && !this.storming;
    this.time.after(STORM_MS, () => this.heal());
    if (!(await this.time.run(done, STORM_MS + HEALED_MS_MAX))) {
      throw new Error(
        `the sweep did not end: ${describeFleet(this.network.listening, this.plan.name)}`,
      );
    }
    checkResults(this.disk, this.plan, this.poison);
    await this.time.run(() => false, this.time.now_ms + 30_000);
    this.checkState();
    const status = this.network.listening!.coordinator.watch.status(this.plan.name)!;
    if (this.disk.parts.size > 0) throw new Error(`${this.disk.parts.size} parts were left behind`);
    if (Number(status.mismatches) > 0) throw new Error("a duplicate differed");
    return {
      seed: this.seed,
      cells: this.cells(),
      workers_started: this.workersStarted,
      coordinators_started: this.coordinators.started,
      coordinators_replaced: this.coordinators.replaced,
      duplicates: Number(status.duplicates),
      simulated_ms: this.time.now_ms,
    };
  }

  /** Cells of the sweep with those that were added on the way. */
  private cells(): number {
    return parsePlan(this.disk.sweeps[0]!.plan_json).cells;
  }

  private startWorker(isBad = false, isSlow = this.storming && this.random() < 0.1): void {
    const name = `w${this.workersStarted++}`;
    const clock = new ProcessClock(this.time);
    const slots = 1 + Math.floor(3 * this.random());
    const link = this.network.linkOf(name, clock);
    const datasets = new SimDatasetSource(
      link,
      uniformStream(this.seed, 1000 + this.workersStarted),
    );
    const worker = new Worker({
      ...{ link, datasets },
      computer: new SimComputer({
        ...{ clock, slots, isBad, poison: this.poison },
        cells_per_second: isSlow ? 0.003 + 0.3 * this.random() : 5 + 200 * this.random(),
        canRead: () => datasets.state === "sound",
        crash: () => this.crashed(running),
      }),
      name,
      host: isBad ? "bad-host" : `host-${name}`,
      slots,
      numeric_classes: [FLOAT64_EXACT],
      connect_ms: 1e12,
      clock,
      log: NO_LOG,
    });
    const running = { name, clock, worker, isBad };
    this.workers.push(running);
    worker.run().then(
      () => {
        this.workers = this.workers.filter((other) => other !== running);
      },
      (error: unknown) => {
        this.workers = this.workers.filter((other) => other !== running);
        if (isBad) return;
        // A machine whose disk damages its data again and again is rightly sent away.
        if (!messageOf(error).includes(LOAD_ERROR)) throw error;
        this.startWorker();
      },
    );
  }

  /** A process died of what it did. Whoever started it says so, if it can, and starts another. */
  private crashed(worker: RunningWorker): void {
    this.kill(worker);
    this.time.after(1_000 * this.random(), () => {
      const there = this.network.listening;
      if (there !== undefined && this.random() < 0.8) {
        there.coordinator.workerDied(worker.name, "SIGSEGV", true);
      }
      this.startWorker();
    });
  }

  private kill(victim: RunningWorker): void {
    victim.clock.kill();
    this.workers = this.workers.filter((worker) => worker !== victim);
    this.network.breakStreams((stream) => stream.worker === victim.name);
  }

  /** One disturbance after another, at random times. */
  private storm(): void {
    if (!this.storming) return;
    this.time.after(4_000 * this.random(), () => {
      if (!this.storming) return;
      this.disturb();
      // A bad node that stays the only one for long is believed, so it must not.
      if (this.workers.every(({ isBad }) => isBad)) this.startWorker();
      this.checkState();
      this.storm();
    });
  }

  private disturb(): void {
    const kind = Math.floor(11 * this.random());
    const victim = this.workers[Math.floor(this.workers.length * this.random())];
    if (kind === 0) this.coordinators.disturb();
    else if (kind === 1 && victim !== undefined) {
      this.kill(victim);
      // Between the news of its death and the end of its leases.
      this.time.after(RULES.reconnect_ms, () =>
        this.network.listening?.clock.jump(-WALL_JUMP_MS_MAX),
      );
    } else if (kind === 2 && this.workers.length < 6) this.startWorker(this.random() < 0.2);
    else if (kind === 3 && victim !== undefined) {
      this.network.cut.add(victim.name);
      this.network.breakStreams((stream) => stream.worker === victim.name);
      this.time.after(20_000 * this.random(), () => this.network.cut.delete(victim.name));
    } else if (kind === 4) victim?.clock.pause(25_000 * this.random());
    else if (kind === 5) victim?.worker.drain("the storm");
    else if (kind === 6) this.network.torn = 0.5 * this.random();
    else if (kind === 7) {
      this.network.doubled = this.random();
      this.network.answerLost = 0.5 * this.random();
    } else if (kind === 8) {
      const luck = this.random();
      this.disk.failing = luck < 0.4 ? 0 : luck < 0.7 ? 0.3 : 1;
    } else if (kind >= 9) this.control();
  }

  /** Somebody pauses the sweep, resumes or cancels it, where its state allows that. */
  private control(): void {
    const coordinator = this.network.listening?.coordinator;
    const status = coordinator?.watch.status(this.plan.name)?.state;
    if (coordinator === undefined) return;
    const luck = this.random();
    if (status === "paused" || status === "cancelled") this.wish(coordinator, "running");
    else if (status === "running") this.wish(coordinator, luck < 0.7 ? "paused" : "cancelled");
  }

  private wish(coordinator: Coordinator, control: SweepControl): void {
    coordinator.control(this.plan.name, { control }).catch((error: unknown) => {
      // Meanwhile the sweep may have gone on, or somebody else leads.
      if (!(error instanceof UsageError || error instanceof JournalLost)) throw error;
    });
  }

  /**
   * Sets the clocks on the walls hours forwards or backwards, from numbers of its own: seeds that once
   * failed keep their storms.
   */
  private jumpClocks(random: () => number): void {
    this.time.after(20_000 * random(), () => {
      if (!this.storming) return;
      const clocks = [this.network.listening?.clock, ...this.workers.map(({ clock }) => clock)];
      clocks[Math.floor(clocks.length * random())]?.jump(WALL_JUMP_MS_MAX * (2 * random() - 1));
      this.jumpClocks(random);
    });
  }

  /** Some sweeps lose a file or two of what they have committed. */
  private removeParts(random: () => number): void {
    if (random() < 0.6) return;
    this.time.after(STORM_MS * random(), () => {
      this.disk.removeCommitted(random());
      this.removeParts(random);
    });
  }

  /** Some lose their stored data set, now and then. */
  private removeDatasets(random: () => number): void {
    this.time.after(20_000 * random(), () => {
      if (!this.storming) return;
      this.disk.datasets.clear();
      this.removeDatasets(random);
    });
  }

  private heal(): void {
    this.storming = false;
    this.network.cut.clear();
    this.network.torn = 0;
    this.network.doubled = 0;
    this.network.answerLost = 0;
    this.disk.failing = 0;
    this.startWorker(false, false);
    this.resubmit();
  }

  /** A sweep that failed (a full disk) goes on when it is submitted again. */
  private resubmit(): void {
    this.time.after(RESUBMIT_MS, () => {
      this.checkEnd();
      const there = this.network.listening;
      const status = there?.coordinator.watch.status(this.plan.name)?.state;
      if (status === "failed") this.coordinators.submitAgain(there!.coordinator);
      if (status === "paused" || status === "cancelled") this.wish(there!.coordinator, "running");
      if (this.workers.every(({ isBad }) => isBad)) this.startWorker();
      if (status !== "done") this.resubmit();
    });
  }

  /** With a fast worker about, what is in hand when nothing is left to lease comes in soon. */
  private checkEnd(): void {
    const state = stateOf(this.network.listening);
    const sweep = state?.sweeps.get(this.plan.name);
    // A second opinion may be for a slow host to give, if it is the only other one.
    const isAsked = [...(state?.leases.values() ?? [])].some(
      ({ past }) => past.failed_on.length > 0,
    );
    const isLeft = sweep !== undefined && sweep.fresh.length + sweep.returned.length > 0;
    const isTail = sweep?.status === "running" && !isLeft && !isAsked;
    this.tail_ms = isTail ? this.tail_ms + RESUBMIT_MS : 0;
    if (this.tail_ms > TAIL_MS_MAX)
      throw new Error(
        `the end is held up: ${describeFleet(this.network.listening, this.plan.name)}`,
      );
  }

  private checkState(): void {
    const [lost] = this.disk.lostForNoReason;
    if (lost !== undefined) throw new Error(`the committed part ${lost} was lost`);
    // One that is being replaced may stand still, and with it the ends of its leases.
    if (!this.coordinators.isReplacing)
      checkLeases(this.network.listening, this.time.now_ms, RULES.lease_ms);
  }
}
