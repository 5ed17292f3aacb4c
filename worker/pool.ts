import { Piscina } from "piscina";
import type { ShardResult, ShardTask } from "./shard_task.ts";

/** What computes shards for a worker. */
export interface ShardComputer {
  /** Computes a shard, as many at the same time as there are slots. @throws what the engine threw */
  run(task: ShardTask): Promise<ShardResult>;
  close(): Promise<void>;
}

/** The threads that compute. The thread that owns the pool never does. */
export class ShardPool implements ShardComputer {
  private readonly piscina: Piscina<ShardTask, ShardResult>;

  constructor(slots: number) {
    this.piscina = new Piscina<ShardTask, ShardResult>({
      filename: new URL("./shard_task.js", import.meta.url).href,
      minThreads: slots,
      maxThreads: slots,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
    });
  }

  run(task: ShardTask): Promise<ShardResult> {
    return this.piscina.run(task);
  }

  async close(): Promise<void> {
    await this.piscina.destroy();
  }
}
