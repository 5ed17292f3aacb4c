import { type Clock, systemClock } from "../../shared/clock.ts";
import type { CoordinatorMessage } from "../../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { Register__Output } from "../../shared/generated/phasesweep/v1/Register.ts";
import type { WorkerMessage__Output } from "../../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { statedKernels } from "../../shared/kernel_version.ts";
import {
  REGISTER_MS_MAX,
  SESSION_MESSAGES_BURST_MAX,
  SESSION_MESSAGES_PER_SECOND_MAX,
  SLOTS_MAX,
  WORKERS_MAX,
} from "../../shared/limits.ts";
import { packageVersion } from "../../shared/package_info.ts";
import { PROTOCOL, protocolProblem, statedVersion } from "../../shared/protocol.ts";
import { Rate } from "../access/rate.ts";
import type { Coordinator } from "../coordinator.ts";
import { nameProblem, storyText } from "./names.ts";
import { cellsProblem } from "./part_claims.ts";
import { messageProblem } from "./worker_messages.ts";

/** One worker's stream, from its registration on: messages in, events to the scheduler. */
export class WorkerSession {
  private readonly coordinator: Coordinator;
  private readonly lease: { readonly lease_ms: number; readonly renew_ms: number };
  private readonly send: (message: CoordinatorMessage) => void;
  private readonly endStream: () => void;
  /** Its address, as the transport gives it. */
  private readonly peer: string | undefined;
  private worker: string | undefined;
  /** What came after a refusal is not listened to. */
  private isOver = false;
  private readonly clock: Clock;
  private readonly rate: Rate;
  private readonly stopWaiting: () => void;

  constructor(
    coordinator: Coordinator,
    lease: { readonly lease_ms: number; readonly renew_ms: number },
    send: (message: CoordinatorMessage) => void,
    endStream: () => void,
    { clock = systemClock, peer }: { readonly clock?: Clock; readonly peer?: string } = {},
  ) {
    this.coordinator = coordinator;
    this.lease = lease;
    this.send = send;
    this.endStream = endStream;
    this.clock = clock;
    this.rate = new Rate(
      SESSION_MESSAGES_PER_SECOND_MAX,
      SESSION_MESSAGES_BURST_MAX,
      clock.nowMs(),
    );
    this.stopWaiting = clock.after(REGISTER_MS_MAX, () => {
      if (this.worker !== undefined) return;
      this.refuse(`no registration came within ${REGISTER_MS_MAX} ms (REGISTER_MS_MAX)`);
    });
    this.peer = peer;
  }

  receive(message: WorkerMessage__Output): void {
    if (this.isOver) return;
    if (!this.rate.take(this.clock.nowMs())) {
      this.refuse(
        `more than ${SESSION_MESSAGES_PER_SECOND_MAX} messages a second (SESSION_MESSAGES_PER_SECOND_MAX)`,
      );
      return;
    }
    const problem = messageProblem(message);
    if (problem !== undefined) {
      this.refuse(problem);
      return;
    }
    if (message.message === "register") {
      this.register(message.register!);
      return;
    }
    const { worker } = this;
    if (worker === undefined) {
      this.refuse("the first message of a session must be its registration");
      return;
    }
    switch (message.message) {
      case "renew": {
        const leases = message.renew!.leases.map((progress) => ({
          lease: progress.lease,
          cells_done: Math.max(0, progress.cellsDone),
          cells_per_ms: Math.max(0, progress.cellsPerMs),
        }));
        this.coordinator.dispatch({ type: "leases_renewed", worker, leases });
        return;
      }
      case "release": {
        const { leases } = message.release!;
        this.coordinator.dispatch({ type: "leases_released", worker, leases });
        return;
      }
      case "failed": {
        const { lease, error } = message.failed!;
        this.coordinator.dispatch({ type: "shard_failed", worker, lease, error: storyText(error) });
        return;
      }
      case "drain":
        this.coordinator.dispatch({ type: "worker_draining", worker });
        return;
      case undefined:
      // A later release says something that it does not need to be heard on (shared/protocol.ts).
    }
  }

  /** The stream is over, whoever ended it. */
  end(): void {
    this.stopWaiting();
    if (this.worker === undefined) return;
    this.coordinator.closeSession(this.worker, this.send);
    this.worker = undefined;
  }

  private register(registration: Register__Output): void {
    const refusal = this.refusal(registration);
    if (refusal !== undefined) {
      this.refuse(refusal, registration);
      return;
    }
    const { worker, host, version, slots, numericClasses, kernelVersions, held } = registration;
    this.worker = worker;
    this.stopWaiting();
    this.coordinator.openSession(worker, this.send);
    const { lease_ms: leaseMs, renew_ms: renewMs } = this.lease;
    this.send({ welcome: { leaseMs, renewMs, protocol: PROTOCOL, version: packageVersion } });
    const possible = held.filter(({ sweep, firstCell, cellCount }) => {
      const plan = this.coordinator.watch.plan(sweep);
      return plan !== undefined && cellsProblem(plan, firstCell, cellCount) === undefined;
    });
    for (const lease of held) {
      if (!possible.includes(lease)) this.send({ cancel: { lease: lease.lease } });
    }
    this.coordinator.dispatch({
      type: "worker_registered",
      worker,
      host,
      version: statedVersion(version),
      slots,
      numeric_classes: numericClasses,
      kernel_versions: statedKernels(kernelVersions),
      held: possible.map(({ lease, sweep, firstCell, cellCount }) => ({
        lease,
        sweep,
        range: { first: firstCell, end: firstCell + cellCount },
      })),
    });
  }

  private refusal({
    worker,
    host,
    version,
    protocol,
    slots,
  }: Register__Output): string | undefined {
    // Under a second name the first would look connected for ever, and be leased work.
    if (this.worker !== undefined) return "a session registers once";
    const stranger = protocolProblem(
      { role: "worker", version, protocol },
      { role: "coordinator", version: packageVersion },
    );
    if (stranger !== undefined) return stranger;
    if (!(slots >= 1 && slots <= SLOTS_MAX))
      return `slots is ${slots}, not 1 to ${SLOTS_MAX} (SLOTS_MAX)`;
    const bad = nameProblem({ worker, host });
    if (bad !== undefined) return bad;
    const { watch } = this.coordinator;
    // One that comes back after a lost connection is counted already.
    if (!watch.knowsWorker(worker) && watch.workerCount() >= WORKERS_MAX) {
      return `there are ${WORKERS_MAX} workers already (WORKERS_MAX)`;
    }
    return undefined;
  }

  private refuse(reason: string, { worker, host }: Partial<Register__Output> = {}): void {
    this.isOver = true;
    this.stopWaiting();
    this.coordinator.observer.refused?.({ reason, worker, host, peer: this.peer });
    this.send({ refusal: { reason } });
    this.endStream();
  }
}
