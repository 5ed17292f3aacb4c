import type { ShardResult, ShardTask } from "../shard_task.ts";

/** What a device process is and can do, in words and classes. */
export interface DeviceAbout {
  /** The device: "NVIDIA H100". */
  readonly name: string;
  /** It computes on the CPU. */
  readonly isSoftware: boolean;
  readonly numeric_classes: readonly string[];
}

/** From the worker to the process that computes on a device. */
export type ToDevice =
  | ({ readonly type: "compute"; readonly id: number } & Omit<ShardTask, "control">)
  /** At how many cells to stop: an answer to every progress. */
  | { readonly type: "wanted"; readonly id: number; readonly cells: number };

/** And back. */
export type FromDevice =
  | { readonly type: "ready"; readonly about: DeviceAbout }
  | { readonly type: "unusable"; readonly reason: string }
  | {
      readonly type: "progress";
      readonly id: number;
      readonly cells: number;
      readonly busy_ms: number;
    }
  | { readonly type: "done"; readonly id: number; readonly result: ShardResult }
  | { readonly type: "failed"; readonly id: number; readonly error: string };
