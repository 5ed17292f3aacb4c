import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Fleet } from "./fleet.ts";

// No-op shards on our own fleet, for the orchestrator benchmark: speaks as
// test/bench/python/task_peer.py does. Arguments: worker processes, slots of each, and "watched" for
// a coordinator that counts and logs as `serve --http` does.

/** The smallest shard that the scheduler cuts. */
const SHARD_CELLS = 16;
const WARM_UP_SHARDS = 5_000;
const WARM_UP_SINGLES = 200;

const [workers = 1, slots = 256] = process.argv.slice(2, 4).map(Number);
const common = {
  // Less than any cell takes: every shard is as small as can be.
  shard_ms: 0.001,
  script: fileURLToPath(new URL("./no_op_worker.js", import.meta.url)),
  args: [],
  watched: process.argv[4] === "watched",
};
const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

const fleet = await Fleet.start({
  ...{ ...common, workers, slots },
  ...{ leases_per_slot: 2, oneAtATime: false },
});
await fleet.sweep(WARM_UP_SHARDS, SHARD_CELLS);
answer({ setting: `${workers} worker${workers > 1 ? "s" : ""} of ${slots} slots` });
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as { tasks?: number; single?: number };
  if (request.tasks !== undefined) {
    const before = process.cpuUsage();
    const { shards, committed_ms, merge_ms } = await fleet.sweep(request.tasks, SHARD_CELLS);
    // Of this process alone: the coordinator, and the merge.
    const { user, system } = process.cpuUsage(before);
    const times = { seconds: committed_ms / 1000, merge_seconds: merge_ms / 1000 };
    answer({ tasks: shards, ...times, cpu_us: user + system });
  } else answer({ milliseconds: await singleLatencies(request.single!) });
}
await fleet.close();

/** Shards that are alone on their way, on a fleet of one worker of one slot. */
async function singleLatencies(shards: number): Promise<number[]> {
  const alone = await Fleet.start({
    ...{ ...common, workers: 1, slots: 1 },
    ...{ leases_per_slot: 1, oneAtATime: true },
  });
  await alone.sweep(WARM_UP_SINGLES, SHARD_CELLS);
  alone.latencies_ms.length = 0;
  await alone.sweep(shards, SHARD_CELLS);
  await alone.close();
  return alone.latencies_ms;
}
