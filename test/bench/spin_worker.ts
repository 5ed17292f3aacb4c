import { Piscina } from "piscina";
import { systemClock } from "../../shared/clock.ts";
import { NO_LOG } from "../../shared/log.ts";
import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { GrpcLink } from "../../worker/link.ts";
import type { ShardComputer } from "../../worker/pool.ts";
import type { ShardTask } from "../../worker/shard_task.ts";
import { Worker } from "../../worker/worker.ts";
import { NoOpComputer } from "./no_op_computer.ts";
import type spin from "./spin.ts";

// A production worker whose threads spin, a fixed number of steps for each cell. Arguments: address
// of the coordinator, slots, steps of a cell.
const [address = "", slotsText = "1", stepsText = "0"] = process.argv.slice(2);
const slots = Number(slotsText);

const threads = new Piscina<number, ReturnType<typeof spin>>({
  filename: new URL("./spin.js", import.meta.url).href,
  minThreads: slots,
  maxThreads: slots,
  concurrentTasksPerWorker: 1,
});
const noOp = new NoOpComputer();
const computer: ShardComputer = {
  async run(task: ShardTask) {
    // As the thread measures it: a shard may wait for one, which says nothing of its speed.
    const { elapsed_ms } = await threads.run(task.cell_count * Number(stepsText));
    return { ...(await noOp.run(task)), compute_ms: elapsed_ms };
  },
  close: () => threads.destroy(),
};
await new Worker({
  link: new GrpcLink({ coordinator: address }),
  computer,
  name: `spin-${process.pid}`,
  host: "bench",
  slots,
  numeric_classes: [FLOAT64_EXACT],
  connect_ms: 5_000,
  clock: systemClock,
  log: NO_LOG,
}).run();
