import type { Coordinator } from "../../coordinator/coordinator.ts";
import { handOver } from "../../coordinator/rpc/receive_part.ts";
import { WorkerSession } from "../../coordinator/rpc/worker_session.ts";
import type { Storage } from "../../coordinator/storage.ts";
import type {
  CoordinatorMessage,
  CoordinatorMessage__Output,
} from "../../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type {
  PartHeader,
  PartHeader__Output,
} from "../../shared/generated/phasesweep/v1/PartHeader.ts";
import type {
  WorkerMessage,
  WorkerMessage__Output,
} from "../../shared/generated/phasesweep/v1/WorkerMessage.ts";
import type { Link, SessionStream } from "../../worker/link.ts";
import { LinkError } from "../../worker/link_error.ts";
import type { ProcessClock, SimTime } from "./sim_clock.ts";

/** A coordinator process that can be reached, with the clock that dies with it. */
export interface Reachable {
  readonly coordinator: Coordinator;
  readonly storage: Storage;
  readonly clock: ProcessClock;
}

export const LEASE = { lease_ms: 10_000, renew_ms: 2_000 };

/** A broken line is noticed so long after the break, as by keepalive. */
const NOTICE_MS = 3_000;

/** The wires between workers and the coordinator, each of which can be cut, delayed and garbled. */
export class SimNetwork {
  /** The coordinator that listens at present. */
  listening: Reachable | undefined;
  readonly cut = new Set<string>();
  /** Probabilities of a torn and of a doubled part, and of a lost answer to one. */
  torn = 0;
  doubled = 0;
  answerLost = 0;
  private readonly time: SimTime;
  private readonly random: () => number;
  private readonly streams = new Set<SimStream>();

  constructor(time: SimTime, random: () => number) {
    this.time = time;
    this.random = random;
  }

  delay(): number {
    return 1 + 50 * this.random() * this.random();
  }

  /** Breaks the streams of a worker, or of the coordinator's process, as both ends will notice. */
  breakStreams(of: (stream: SimStream) => boolean): void {
    for (const stream of [...this.streams]) {
      if (!of(stream)) continue;
      this.streams.delete(stream);
      stream.broken = true;
      this.time.after(NOTICE_MS * this.random(), () => stream.notice());
    }
  }

  linkOf(worker: string, clock: ProcessClock): Link {
    return {
      place: "simulated coordinator",
      retry_ms_max: 5_000,
      openSession: (received, ended) => this.openSession(worker, clock, received, ended),
      getPlan: (sweep) => this.getPlan(worker, clock, sweep),
      getDataset: (digest) => this.getDataset(worker, clock, digest),
      sendPart: (header, bytes) => this.sendPart(worker, clock, header, bytes),
      close() {},
    };
  }

  private reach(worker: string): Reachable | undefined {
    const { listening } = this;
    return listening?.clock.isAlive && !this.cut.has(worker) ? listening : undefined;
  }

  private openSession(
    worker: string,
    clock: ProcessClock,
    received: (message: CoordinatorMessage__Output) => void,
    ended: () => void,
  ): SessionStream {
    const there = this.reach(worker);
    if (there === undefined) {
      clock.after(100, ended);
      return { send() {}, end() {} };
    }
    const stream = new SimStream(this, this.time, worker, clock, there, received, ended);
    this.streams.add(stream);
    return stream.workerEnd();
  }

  private async getPlan(worker: string, clock: ProcessClock, sweep: string): Promise<string> {
    await clock.sleep(this.delay());
    const plan = this.reach(worker)?.coordinator.planJson(sweep);
    if (plan === undefined) throw new LinkError("unavailable", true);
    return plan;
  }

  private async *getDataset(
    worker: string,
    clock: ProcessClock,
    digest: string,
  ): AsyncGenerator<Uint8Array> {
    await clock.sleep(5 * this.delay());
    const there = this.reach(worker);
    if (there === undefined) throw new LinkError("unavailable", true);
    const { coordinator } = there;
    if ((await coordinator.datasets.find(digest)) === undefined) {
      await coordinator.datasetsChanged();
      throw new LinkError("not found", true);
    }
    yield new Uint8Array(1);
  }

  private async sendPart(
    worker: string,
    clock: ProcessClock,
    header: PartHeader,
    bytes: Uint8Array,
  ): Promise<void> {
    await clock.sleep(2 * this.delay());
    const there = this.reach(worker);
    if (there === undefined) throw new LinkError("unavailable", true);
    const isTorn = this.random() < this.torn;
    const sent = isTorn ? bytes.subarray(0, bytes.length - 1) : bytes;
    const times = this.random() < this.doubled ? 2 : 1;
    const answers: Promise<string>[] = [];
    for (let i = 0; i < times; i++) {
      answers.push(
        new Promise((resolve) => {
          there.clock.after(i === 0 ? 0 : 500 * this.random(), () =>
            handOver(there.coordinator, header as PartHeader__Output, sent, (settled) =>
              resolve("reason" in settled ? `${settled.outcome}: ${settled.reason}` : ""),
            ),
          );
        }),
      );
    }
    const lost = new Promise<string>((resolve) => {
      // Also when the coordinator dies with the part in hand.
      clock.after(NOTICE_MS + 2_000, () => resolve("lost"));
    });
    const answer = await Promise.race([answers[0]!, lost]);
    await clock.sleep(this.delay());
    if (answer === "lost" || this.random() < this.answerLost) {
      throw new LinkError("no answer came", true);
    }
    if (answer !== "") throw new LinkError(answer, !answer.startsWith("refused"));
  }
}

/** One stream: in order in either direction, until it breaks. */
class SimStream {
  broken = false;
  readonly worker: string;
  readonly there: Reachable;
  private readonly network: SimNetwork;
  private readonly time: SimTime;
  private readonly clock: ProcessClock;
  private readonly session: WorkerSession;
  private readonly received: (message: CoordinatorMessage__Output) => void;
  private readonly ended: () => void;
  private lastUp_ms = 0;
  private lastDown_ms = 0;

  constructor(
    network: SimNetwork,
    time: SimTime,
    worker: string,
    clock: ProcessClock,
    there: Reachable,
    received: (message: CoordinatorMessage__Output) => void,
    ended: () => void,
  ) {
    this.network = network;
    this.time = time;
    this.worker = worker;
    this.clock = clock;
    this.there = there;
    this.received = received;
    this.ended = ended;
    this.session = new WorkerSession(
      there.coordinator,
      LEASE,
      (message) => this.down(message),
      () => this.network.breakStreams((stream) => stream === this),
      { clock: there.clock },
    );
  }

  workerEnd(): SessionStream {
    return {
      send: (message) => this.up(message),
      end: () => this.network.breakStreams((stream) => stream === this),
    };
  }

  /** Both ends learn that the stream is over. */
  notice(): void {
    this.there.clock.deliver(() => this.session.end());
    this.clock.deliver(this.ended);
  }

  private up(message: WorkerMessage): void {
    const kind = Object.keys(message)[0] as NonNullable<WorkerMessage__Output["message"]>;
    const copy = { ...structuredClone(message), message: kind } as WorkerMessage__Output;
    this.lastUp_ms = Math.max(this.lastUp_ms + 0.001, this.time.now_ms + this.network.delay());
    this.there.clock.after(this.lastUp_ms - this.time.now_ms, () => {
      if (!this.broken) this.session.receive(copy);
    });
  }

  private down(message: CoordinatorMessage): void {
    const kind = Object.keys(message)[0] as NonNullable<CoordinatorMessage__Output["message"]>;
    const copy = { ...structuredClone(message), message: kind } as CoordinatorMessage__Output;
    this.lastDown_ms = Math.max(this.lastDown_ms + 0.001, this.time.now_ms + this.network.delay());
    this.clock.after(this.lastDown_ms - this.time.now_ms, () => {
      if (!this.broken) this.received(copy);
    });
  }
}
