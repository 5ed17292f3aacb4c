import { sha256Hex } from "../../shared/canonical.ts";
import { type Clock, sleep } from "../../shared/clock.ts";
import { cellCoordinates } from "../../shared/plan.ts";
import { CPU_ENGINES, engineFor } from "../../worker/engine/engines.ts";
import { PartWriter } from "../../worker/part_writer.ts";
import type { ShardComputer } from "../../worker/pool.ts";
import type { ShardResult, ShardTask } from "../../worker/shard_task.ts";
import { trainableShape } from "../../worker/stored_datasets.ts";

/** Trains each shard, and hands it in no sooner than a slot of the given speed would. */
export class PacedComputer implements ShardComputer {
  private readonly cells_per_ms: number;
  private readonly clock: Clock;

  constructor(cells_per_ms: number, clock: Clock) {
    this.cells_per_ms = cells_per_ms;
    this.clock = clock;
  }

  async run({ group, first_cell, cell_count }: ShardTask): Promise<ShardResult> {
    const began_ms = this.clock.nowMs();
    const started_ms = this.clock.wallMs();
    const shape = trainableShape(group.shape);
    const { seeds, learning_rates } = cellCoordinates(group, first_cell, cell_count);
    const columns = await engineFor(CPU_ENGINES, shape, group.numeric_class).run({
      ...{ shape, seeds, learning_rates },
    });
    const writer = await PartWriter.open(cell_count, shape);
    await writer.add(learning_rates, columns);
    const bytes = await writer.finish();
    const compute_ms = cell_count / this.cells_per_ms;
    await sleep(this.clock, Math.max(0, compute_ms - (this.clock.nowMs() - began_ms)));
    const phases = [0, 0, 0, 0];
    for (const phase of columns.phase) phases[phase]!++;
    const sha256 = sha256Hex(bytes);
    return { cells: cell_count, bytes, sha256, phases, started_ms, compute_ms, slot: 0 };
  }

  async close(): Promise<void> {}
}
