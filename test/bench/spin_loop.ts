import spin from "./spin.ts";

// The plain loop: the same work in a process of its own, shard after shard, at a word of its
// parent. Arguments: shards, steps of each.
const [shards = 0, steps = 0] = process.argv.slice(2).map(Number);
spin(steps); // compiles it
process.send!("ready");
process.once("message", () => {
  for (let shard = 0; shard < shards; shard++) spin(steps);
  process.send!("done");
  process.disconnect();
});
