import { fileURLToPath } from "node:url";
import type { ShardComputer } from "../pool.ts";
import type { ShardResult, ShardTask } from "../shard_task.ts";
import type { DeviceProcess } from "./device_process.ts";

/** The program of a device's process. */
export const DEVICE_SCRIPT = fileURLToPath(new URL("./device_main.js", import.meta.url));

/**
 * Signs of life come with every batch, about twice a second; a first one compiles shaders, and a
 * batch of a slow device may be long.
 */
export const DEVICE_HANG_MS = 120_000;

/** The devices of a worker, a slot each. Shards that come before one is free wait their turn. */
export class DevicePool implements ShardComputer {
  private readonly devices: readonly DeviceProcess[];
  private readonly idle: DeviceProcess[];
  private readonly waiting: ((device: DeviceProcess) => void)[] = [];

  constructor(devices: readonly DeviceProcess[]) {
    this.devices = devices;
    this.idle = [...devices];
  }

  async run(task: ShardTask): Promise<ShardResult> {
    const device = this.idle.pop() ?? (await this.nextIdle());
    try {
      return await device.run(task);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(device);
      else next(device);
    }
  }

  private nextIdle(): Promise<DeviceProcess> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async close(): Promise<void> {
    for (const device of this.devices) device.close();
  }
}
