import { sha256Hex } from "../../shared/canonical.ts";
import type { ShardComputer } from "../../worker/pool.ts";
import {
  BUSY_MS,
  CELLS_DONE,
  CELLS_WANTED,
  type ShardResult,
  type ShardTask,
} from "../../worker/shard_task.ts";
import { LOAD_ERROR } from "../../worker/stored_datasets.ts";
import type { ProcessClock } from "./sim_clock.ts";

/** What is wrong with a cell: the engine throws at it, or the process dies of it. */
export type Poison = "throws" | "crashes";

export interface SimComputerOptions {
  readonly clock: ProcessClock;
  readonly cells_per_second: number;
  readonly slots: number;
  readonly poison: ReadonlyMap<number, Poison>;
  /** Every shard throws, as on a node with a bad installation. */
  readonly isBad: boolean;
  /** Whether the stored data set of a shard can be read. */
  readonly canRead: () => boolean;
  /** The process dies of a cell. */
  readonly crash: () => void;
}

/** The row that a cell's result stands for. */
export function rowOf(cell: number): string {
  return `cell ${cell}`;
}

/** Computes cells by letting time pass, as many shards at once as there are slots. */
export class SimComputer implements ShardComputer {
  private readonly options: SimComputerOptions;
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(options: SimComputerOptions) {
    this.options = options;
    this.free = options.slots;
  }

  async run(task: ShardTask): Promise<ShardResult> {
    if (this.free === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.free--;
    try {
      return await this.compute(task);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }

  async close(): Promise<void> {}

  private async compute(task: ShardTask): Promise<ShardResult> {
    const { first_cell, control, dataset_path } = task;
    const { clock, cells_per_second, poison, isBad, crash } = this.options;
    if (dataset_path !== undefined && !this.options.canRead())
      throw new Error(`${LOAD_ERROR}damaged`);
    const started_ms = clock.wallMs();
    const rows: string[] = [];
    while (rows.length < control[CELLS_WANTED]!) {
      const cell = first_cell + rows.length;
      await clock.sleep(1000 / cells_per_second);
      if (isBad) throw new Error("this node can compute nothing");
      if (poison.get(cell) === "throws") throw new Error(`cell ${cell} cannot be computed`);
      if (poison.get(cell) === "crashes") {
        crash();
        await new Promise(() => {});
      }
      rows.push(rowOf(cell));
      control[BUSY_MS] = Math.ceil((1000 * rows.length) / cells_per_second);
      control[CELLS_DONE] = rows.length;
    }
    const bytes = new TextEncoder().encode(rows.join("\n"));
    return {
      cells: rows.length,
      bytes,
      sha256: sha256Hex(bytes),
      phases: [rows.length, 0, 0, 0],
      started_ms,
      compute_ms: (1000 * rows.length) / cells_per_second,
      slot: 0,
    };
  }
}
