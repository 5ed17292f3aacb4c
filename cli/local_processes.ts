import { availableParallelism } from "node:os";
import { UsageError } from "../shared/errors.ts";
import type { Backend } from "../shared/numeric_class.ts";

export interface LocalProcessesOptions {
  /** Processes that compute on the CPU. */
  readonly workers: number;
  /** Slots of each of them; without it they share the cores. 0: none computes on the CPU. */
  readonly slots?: number;
  /** Device backends, a process for each; its devices are its slots. */
  readonly backends: readonly Backend[];
  readonly devices?: readonly string[];
}

/**
 * The worker processes of this machine, each as the end of its command line: processes for the CPU,
 * and one for the devices of each backend. CPU and devices are workers of their own, so the
 * coordinator learns what each is good at, and neither waits for the other.
 * @throws UsageError if that is none at all
 */
export function localProcesses(
  { workers, slots, backends, devices }: LocalProcessesOptions,
  cores = availableParallelism(),
): string[][] {
  const cpuSlots = slots ?? Math.max(1, Math.floor(cores / workers));
  const cpu = ["--slots", String(cpuSlots)];
  if (cpuSlots === 0 && backends.length === 0) {
    throw new UsageError({
      place: "--slots 0",
      problem: "without slots on the CPU and without a device nothing would be computed",
      fix: "leave out --slots, or name a usable device with --backend",
    });
  }
  return [
    ...(cpuSlots === 0 ? [] : Array.from({ length: workers }, () => cpu)),
    ...deviceArgs(backends, devices),
  ];
}

/** The process for the devices of each backend. */
export function deviceArgs(
  backends: readonly Backend[],
  devices: readonly string[] | undefined,
): string[][] {
  const chosen = devices === undefined ? [] : ["--devices", devices.join(",")];
  return backends.map((backend) => ["--device", backend, ...chosen]);
}
