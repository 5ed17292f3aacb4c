import { availableParallelism } from "node:os";
import type { Backend } from "../shared/numeric_class.ts";
import { DevicePool } from "../worker/device/device_pool.ts";
import { CPU_ENGINES, numericClasses } from "../worker/engine/engines.ts";
import { type ShardComputer, ShardPool } from "../worker/pool.ts";
import { deviceProcesses } from "./devices.ts";

/** What a worker process computes with. */
export interface Computer {
  readonly computer: ShardComputer;
  readonly slots: number;
  readonly numeric_classes: readonly string[];
}

export interface ComputerOptions {
  readonly slots?: number;
  /** The backend whose devices are to be used; without it, the CPU's threads. */
  readonly device?: Backend;
  readonly devices?: readonly string[];
}

/** Opens the threads or the devices of a worker. @throws FailureError if a device is unusable */
export async function openComputer(
  { slots = availableParallelism(), device, devices }: ComputerOptions,
  note: (line: string) => void,
  deviceDied?: () => void,
): Promise<Computer> {
  if (device === undefined) {
    const numeric_classes = numericClasses(CPU_ENGINES);
    return { computer: new ShardPool(slots), slots, numeric_classes };
  }
  const processes = deviceProcesses(device, devices, note, deviceDied);
  const pool = new DevicePool(processes);
  try {
    const abouts = await Promise.all(processes.map((process) => process.open()));
    const { numeric_classes } = abouts[0]!;
    return { computer: pool, slots: processes.length, numeric_classes };
  } catch (error) {
    await pool.close();
    throw error;
  }
}
