import { Coordinator } from "../../coordinator/coordinator.ts";
import { checkInvariants } from "../../coordinator/state/invariants.ts";
import type { State } from "../../coordinator/state/state.ts";
import { sha256Hex } from "../../shared/canonical.ts";
import { type Plan, serializePlan } from "../../shared/plan.ts";
import { uniformStream } from "../../shared/random.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import type { ShardComputer } from "../../worker/pool.ts";
import { CELLS_DONE, type ShardResult, type ShardTask, STOP } from "../../worker/shard_task.ts";
import { Worker } from "../../worker/worker.ts";
import { ProcessClock, SimTime } from "./sim_clock.ts";
import { SimDisk } from "./sim_disk.ts";
import { LEASE, type Reachable, SimNetwork } from "./sim_network.ts";

const RULES = {
  lease_ms: LEASE.lease_ms,
  reconnect_ms: 3_000,
  shard_ms: 1_000,
  leases_per_slot: 2,
  losses_max: 100_000,
};

/** Disturbances go on for so long; then everything heals and the sweep must end. */
const STORM_MS = 120_000;
const HEALED_MS_MAX = 3_600_000;

/** Far more than any lease. */
const WALL_JUMP_MS_MAX = 24 * 3_600_000;

interface RunningWorker {
  readonly name: string;
  readonly clock: ProcessClock;
  readonly worker: Worker;
}

export interface SimReport {
  readonly seed: number;
  readonly cells: number;
  readonly workers_started: number;
  readonly coordinators_started: number;
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
  private workers: RunningWorker[] = [];
  private workersStarted = 0;
  private coordinatorsStarted = 0;
  private storming = true;

  constructor(seed: number) {
    this.seed = seed;
    this.random = uniformStream(seed, 1);
    this.network = new SimNetwork(this.time, uniformStream(seed, 2));
    this.disk = new SimDisk(uniformStream(seed, 3));
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
  }

  /** Runs the sweep through the storm to its end. @throws Error on whatever must not happen */
  async run(): Promise<SimReport> {
    void this.startCoordinator();
    const count = 1 + Math.floor(4 * this.random());
    for (let i = 0; i < count; i++) this.startWorker();
    this.storm();
    this.jumpClocks(uniformStream(this.seed, 4));
    const done = () => this.disk.sweeps[0]?.merged != null && !this.storming;
    this.time.after(STORM_MS, () => this.heal());
    if (!(await this.time.run(done, STORM_MS + HEALED_MS_MAX))) {
      throw new Error(`the sweep did not end: ${this.describe()}`);
    }
    const expected = sha256Hex(
      Array.from({ length: this.plan.cells }, (_, cell) => `cell ${cell}`).join("\n"),
    );
    if (this.disk.sweeps[0]!.merged!.sha256 !== expected) throw new Error("the results are wrong");
    await this.time.run(() => false, this.time.now_ms + 30_000);
    this.checkState();
    const status = this.network.listening!.coordinator.watch.status(this.plan.name)!;
    if (this.disk.parts.size > 0) throw new Error(`${this.disk.parts.size} parts were left behind`);
    if (Number(status.mismatches) > 0) throw new Error("a duplicate differed");
    return {
      seed: this.seed,
      cells: this.plan.cells,
      workers_started: this.workersStarted,
      coordinators_started: this.coordinatorsStarted,
      duplicates: Number(status.duplicates),
      simulated_ms: this.time.now_ms,
    };
  }

  private async startCoordinator(): Promise<void> {
    this.coordinatorsStarted++;
    const clock = new ProcessClock(this.time);
    const storage = this.disk.open(clock);
    const coordinator = await Coordinator.open({ storage, singleSweep: true, clock, rules: RULES });
    await coordinator.submit(serializePlan(this.plan));
    this.network.listening = { coordinator, clock };
  }

  private startWorker(): void {
    const name = `w${this.workersStarted++}`;
    const clock = new ProcessClock(this.time);
    const slots = 1 + Math.floor(3 * this.random());
    const worker = new Worker({
      link: this.network.linkOf(name, clock),
      computer: new SimComputer(clock, 5 + 200 * this.random(), slots),
      name,
      host: `host-${name}`,
      slots,
      connect_ms: 1e12,
      clock,
      log() {},
    });
    const running = { name, clock, worker };
    this.workers.push(running);
    worker.run().then(
      () => {
        this.workers = this.workers.filter((other) => other !== running);
      },
      (error: unknown) => {
        throw error;
      },
    );
  }

  /** One disturbance after another, at random times. */
  private storm(): void {
    if (!this.storming) return;
    this.time.after(4_000 * this.random(), () => {
      if (!this.storming) return;
      this.disturb();
      this.checkState();
      this.storm();
    });
  }

  private disturb(): void {
    const kind = Math.floor(9 * this.random());
    const victim = this.workers[Math.floor(this.workers.length * this.random())];
    if (kind === 0) this.crashCoordinator();
    else if (kind === 1 && victim !== undefined) {
      victim.clock.kill();
      this.workers = this.workers.filter((worker) => worker !== victim);
      this.network.breakStreams((stream) => stream.worker === victim.name);
      // Between the news of its death and the end of its leases.
      this.time.after(RULES.reconnect_ms, () =>
        this.network.listening?.clock.jump(-WALL_JUMP_MS_MAX),
      );
    } else if (kind === 2 && this.workers.length < 6) this.startWorker();
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
    } else if (kind === 8) this.disk.failing = this.random() < 0.5 ? 0.3 : 0;
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

  private crashCoordinator(): void {
    const crashed = this.network.listening;
    if (crashed === undefined) return;
    this.network.listening = undefined;
    crashed.clock.kill();
    this.disk.crash();
    this.network.breakStreams((stream) => stream.there === crashed);
    this.time.after(5_000 * this.random(), () => void this.startCoordinator());
  }

  private heal(): void {
    this.storming = false;
    this.network.cut.clear();
    this.network.torn = 0;
    this.network.doubled = 0;
    this.network.answerLost = 0;
    this.disk.failing = 0;
    if (this.workers.length === 0) this.startWorker();
    this.resubmit();
  }

  /** A sweep that failed (a full disk) goes on when it is submitted again. */
  private resubmit(): void {
    this.time.after(5_000, () => {
      const there = this.network.listening;
      const status = there?.coordinator.watch.status(this.plan.name)?.state;
      if (status === "failed") void there!.coordinator.submit(serializePlan(this.plan));
      if (this.workers.length === 0) this.startWorker();
      if (status !== "done") this.resubmit();
    });
  }

  private checkState(): void {
    const there: Reachable | undefined = this.network.listening;
    if (there === undefined) return;
    const { state } = there.coordinator as unknown as { state: State };
    checkInvariants(state);
    for (const { lease, deadline_ms } of state.leases.values()) {
      // Whatever the clock on the wall says.
      if (deadline_ms > this.time.now_ms + RULES.lease_ms) {
        throw new Error(`invariant broken: lease ${lease} runs longer than a lease does`);
      }
    }
  }

  private describe(): string {
    const there = this.network.listening;
    const status = there?.coordinator.watch.status(this.plan.name);
    const workers = this.workers.map(({ name }) => name).join(", ");
    return JSON.stringify({ ...status, workers, parts: this.disk.parts.size });
  }
}

/** Computes cells by letting time pass, as many shards at once as there are slots. */
class SimComputer implements ShardComputer {
  private readonly clock: ProcessClock;
  private readonly cellsPerSecond: number;
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(clock: ProcessClock, cellsPerSecond: number, slots: number) {
    this.clock = clock;
    this.cellsPerSecond = cellsPerSecond;
    this.free = slots;
  }

  async run({ first_cell, cell_count, control }: ShardTask): Promise<ShardResult> {
    if (this.free === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.free--;
    const started_ms = this.clock.wallMs();
    let done = 0;
    while (done < cell_count && control[STOP] === 0) {
      await this.clock.sleep(1000 / this.cellsPerSecond);
      done++;
      control[CELLS_DONE] = done;
    }
    const next = this.waiting.shift();
    if (next === undefined) this.free++;
    else next();
    const rows = Array.from({ length: done }, (_, i) => `cell ${first_cell + i}`);
    const bytes = new TextEncoder().encode(rows.join("\n"));
    return {
      cells: done,
      bytes,
      sha256: sha256Hex(bytes),
      phases: [done, 0, 0, 0],
      started_ms,
      compute_ms: (1000 * done) / this.cellsPerSecond,
      slot: 0,
    };
  }

  async close(): Promise<void> {}
}
