import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Fleet } from "./fleet.ts";

// No-op shards on our own fleet, for the orchestrator benchmark: speaks as
// test/bench/python/task_peer.py does. Arguments: worker processes, slots of each.

/** The smallest shard that the scheduler cuts. */
const SHARD_CELLS = 16;
const WARM_UP_SHARDS = 1_000;

const [workers = 1, slots = 128] = process.argv.slice(2).map(Number);
const fleet = await Fleet.start({
  // Less than any cell takes: every shard is as small as can be.
  shard_ms: 0.001,
  leases_per_slot: 2,
  workers,
  slots,
  script: fileURLToPath(new URL("./no_op_worker.js", import.meta.url)),
  args: [],
});
const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

await fleet.sweep(WARM_UP_SHARDS, SHARD_CELLS);
answer({ setting: `${workers} worker${workers > 1 ? "s" : ""} of ${slots} slots` });
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as { tasks?: number; single?: number };
  if (request.tasks !== undefined) {
    const { shards, committed_ms, merge_ms } = await fleet.sweep(request.tasks, SHARD_CELLS);
    answer({ tasks: shards, seconds: committed_ms / 1000, merge_seconds: merge_ms / 1000 });
  } else {
    fleet.latencies_ms.length = 0;
    // A sweep of one shard each, so that nothing else is on its way.
    for (let i = 0; i < request.single!; i++) await fleet.sweep(1, SHARD_CELLS);
    answer({ milliseconds: fleet.latencies_ms });
  }
}
await fleet.close();
