import type { CoordinatorMessage } from "../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { Register__Output } from "../shared/generated/phasesweep/v1/Register.ts";
import type { WorkerMessage__Output } from "../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { SLOTS_MAX, WORKERS_MAX } from "../shared/limits.ts";
import { packageVersion } from "../shared/package_info.ts";
import type { Coordinator } from "./coordinator.ts";

/** One worker's stream, from its registration on: messages in, events to the scheduler. */
export class WorkerSession {
  private readonly coordinator: Coordinator;
  private readonly lease: { readonly lease_ms: number; readonly renew_ms: number };
  private readonly send: (message: CoordinatorMessage) => void;
  private readonly endStream: () => void;
  private worker: string | undefined;

  constructor(
    coordinator: Coordinator,
    lease: { readonly lease_ms: number; readonly renew_ms: number },
    send: (message: CoordinatorMessage) => void,
    endStream: () => void,
  ) {
    this.coordinator = coordinator;
    this.lease = lease;
    this.send = send;
    this.endStream = endStream;
  }

  receive(message: WorkerMessage__Output): void {
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
          cells_done: progress.cellsDone,
          cells_per_ms: progress.cellsPerMs,
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
        this.coordinator.dispatch({ type: "shard_failed", worker, lease, error });
        return;
      }
      case "drain":
        this.coordinator.dispatch({ type: "worker_draining", worker });
        return;
      case undefined:
        this.refuse("a message of a kind that this coordinator does not know");
    }
  }

  /** The stream is over, whoever ended it. */
  end(): void {
    if (this.worker === undefined) return;
    this.coordinator.closeSession(this.worker, this.send);
    this.worker = undefined;
  }

  private register({ worker, host, version, slots, numericClasses, held }: Register__Output): void {
    const refusal = this.refusal(worker, version, slots);
    if (refusal !== undefined) {
      this.refuse(refusal);
      return;
    }
    this.worker = worker;
    this.coordinator.openSession(worker, this.send);
    this.send({ welcome: { leaseMs: this.lease.lease_ms, renewMs: this.lease.renew_ms } });
    this.coordinator.dispatch({
      type: "worker_registered",
      worker,
      host,
      slots,
      numeric_classes: numericClasses,
      held: held.map(({ lease, sweep, firstCell, cellCount }) => ({
        lease,
        sweep,
        range: { first: firstCell, end: firstCell + cellCount },
      })),
    });
  }

  private refusal(worker: string, version: string, slots: number): string | undefined {
    if (version !== packageVersion) {
      return `worker has version ${version}, coordinator ${packageVersion}; install the same on both`;
    }
    if (!(slots >= 1 && slots <= SLOTS_MAX))
      return `slots is ${slots}, not 1 to ${SLOTS_MAX} (SLOTS_MAX)`;
    if (worker === "") return "the worker has no name";
    if (this.coordinator.watch.workers().length >= WORKERS_MAX) {
      return `there are ${WORKERS_MAX} workers already (WORKERS_MAX)`;
    }
    return undefined;
  }

  private refuse(reason: string): void {
    this.send({ refusal: { reason } });
    this.endStream();
  }
}
