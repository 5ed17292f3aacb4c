import { Coordinator, type CoordinatorOptions } from "../../coordinator/coordinator.ts";
import { JournalLost } from "../../coordinator/journal/journal.ts";
import { type Plan, serializePlan } from "../../shared/plan.ts";
import { ProcessClock, type SimTime } from "./sim_clock.ts";
import { needsStored, STORED } from "./sim_datasets.ts";
import type { SimDisk } from "./sim_disk.ts";
import type { Reachable, SimNetwork } from "./sim_network.ts";

export interface SimCoordinatorsOptions {
  readonly plan: Plan;
  readonly rules: CoordinatorOptions["rules"];
  readonly time: SimTime;
  readonly network: SimNetwork;
  readonly disk: SimDisk;
  /** Decides when the next one comes after a crash. */
  readonly random: () => number;
  /** Decides who is replaced while it lives, and how: old seeds keep their storms. */
  readonly replacing: () => number;
}

/** The coordinators of a simulated fleet, one after another: they die, or another one takes over. */
export class SimCoordinators {
  started = 0;
  /** Those that lost their journal while they lived. */
  replaced = 0;
  /** Another one is taking over from one that lives. */
  isReplacing = false;
  private readonly options: SimCoordinatorsOptions;

  constructor(options: SimCoordinatorsOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    const { time, network, disk, rules } = this.options;
    this.started++;
    const clock = new ProcessClock(time);
    const storage = disk.open(clock);
    let there: Reachable | undefined;
    void storage.journal.lost.then(() => {
      this.replaced++;
      if (there !== undefined) this.leave(there);
      // Unless another one has taken over, the next one is to be started.
      if (storage.journal.epoch === disk.epoch) time.after(1_000, () => void this.start());
      return there?.coordinator.close();
    });
    try {
      const options = { storage, singleSweep: true, clock, rules };
      const coordinator = await Coordinator.open(options);
      await this.submit(coordinator);
      there = { coordinator, clock, storage };
      network.listening = there;
    } catch (error) {
      if (!(error instanceof JournalLost)) throw error;
    }
  }

  /** Whoever submits a sweep sends its data set first. */
  async submit(coordinator: Coordinator): Promise<void> {
    const { plan, disk } = this.options;
    for (;;) {
      if (needsStored(plan)) disk.datasets.add(STORED.digest);
      try {
        await coordinator.submit(serializePlan(plan));
        return;
      } catch (error) {
        // It may be removed again before anybody looks.
        if (!needsStored(plan) || disk.datasets.has(STORED.digest)) throw error;
      }
    }
  }

  submitAgain(coordinator: Coordinator): void {
    this.submit(coordinator).catch((error: unknown) => {
      // The next coordinator has it, or is asked once more.
      if (!(error instanceof JournalLost)) throw error;
    });
  }

  /** Ends the one that is reachable, by a crash or because another one takes over. */
  disturb(): void {
    const { network, time, disk, random, replacing } = this.options;
    const crashed = network.listening;
    if (crashed === undefined || this.isReplacing) return;
    if (replacing() < 0.3) {
      this.replace(crashed);
      return;
    }
    crashed.clock.kill();
    disk.crash();
    this.leave(crashed);
    time.after(5_000 * random(), () => void this.start());
  }

  /** Another one takes over from a coordinator that lives, serves workers, and is told by the journal. */
  private replace(old: Reachable): void {
    const { time, replacing } = this.options;
    this.isReplacing = true;
    if (replacing() < 0.5) old.clock.pause(10_000 * replacing());
    time.after(5_000 * replacing(), async () => {
      await this.start();
      // As a renewal of its lead would, some time later.
      old.clock.after(5_000 * replacing(), () => {
        old.storage.journal.confirm().catch(() => {});
      });
      // Workers that talk to the old one go on with that for a while.
      time.after(5_000 * replacing(), () => {
        this.leave(old);
        this.isReplacing = false;
      });
    });
  }

  /** Nobody reaches it any more. */
  private leave(old: Reachable): void {
    const { network } = this.options;
    if (network.listening === old) network.listening = undefined;
    network.breakStreams((stream) => stream.there === old);
  }
}
