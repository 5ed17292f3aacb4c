import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "../../shared/clock.ts";

/**
 * No-op jobs on BullMQ, which is no dependency of this project: PHASESWEEP_BENCH_BULLMQ names a
 * folder where it is installed. The arguments are options of redis-server, which this starts on a
 * socket in a folder of its own. Speaks as test/bench/python/task_peer.py does.
 */
interface Job {
  waitUntilFinished(events: object): Promise<unknown>;
}
interface Queue {
  addBulk(jobs: readonly object[]): Promise<unknown>;
  add(name: string, data: object, options: object): Promise<Job>;
}
interface BullMq {
  Queue: new (name: string, options: object) => Queue;
  QueueEvents: new (name: string, options: object) => { waitUntilReady(): Promise<unknown> };
  Worker: new (
    name: string,
    work: () => Promise<void>,
    options: object,
  ) => {
    on(event: "completed", heard: () => void): void;
    waitUntilReady(): Promise<unknown>;
  };
}

const QUEUE = "no-op";
/** Jobs that a worker process has in hand at the same time. */
const CONCURRENCY = 100;
/** Jobs of one addBulk. */
const BULK_JOBS = 1000;
/** One worker process was faster than two, where two cores also have Redis and the submitter. */
const WORKERS = 1;
const WARM_UP_JOBS = 5000;
/** Finished jobs go at once, except where somebody still has to look at them. */
const JOB = { name: QUEUE, data: {}, opts: { removeOnComplete: true } };

function bullMq(): BullMq {
  const folder = process.env["PHASESWEEP_BENCH_BULLMQ"] ?? process.cwd();
  return createRequire(join(folder, "package.json"))("bullmq") as BullMq;
}

/** A worker process: says "ready", then how many jobs it has finished, now and then. */
async function work(socket: string): Promise<void> {
  const connection = { path: socket, maxRetriesPerRequest: null };
  const worker = new (bullMq().Worker)(QUEUE, async () => {}, {
    connection,
    concurrency: CONCURRENCY,
  });
  let finished = 0;
  worker.on("completed", () => {
    // One message for all that finish in the same turn of the loop.
    if (finished++ === 0) {
      setImmediate(() => {
        process.send!(finished);
        finished = 0;
      });
    }
  });
  await worker.waitUntilReady();
  process.send!("ready");
  process.on("disconnect", () => process.exit());
}

async function main(redisOptions: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-bench-"));
  const socket = join(folder, "redis.sock");
  const redis = spawn(
    "redis-server",
    ["--port", "0", "--unixsocket", socket, "--dir", folder, ...redisOptions],
    { stdio: "ignore" },
  );
  process.on("exit", () => {
    redis.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  await sleep(systemClock, 500);
  const { Queue, QueueEvents } = bullMq();
  const connection = { path: socket, maxRetriesPerRequest: null };
  const queue = new Queue(QUEUE, { connection });
  const events = new QueueEvents(QUEUE, { connection });
  await events.waitUntilReady();

  let left = 0;
  let allFinished = () => {};
  const workers: ChildProcess[] = [];
  for (let i = 0; i < WORKERS; i++) {
    const worker = fork(fileURLToPath(import.meta.url), ["worker", socket]);
    workers.push(worker);
    await new Promise((resolve) => worker.once("message", resolve));
    worker.on("message", (finished) => {
      left -= Number(finished);
      if (left === 0) allFinished();
    });
  }
  const runAll = async (jobs: number) => {
    left = jobs;
    const finished = new Promise<void>((resolve) => {
      allFinished = resolve;
    });
    for (let at = 0; at < jobs; at += BULK_JOBS) {
      await queue.addBulk(Array<object>(Math.min(BULK_JOBS, jobs - at)).fill(JOB));
    }
    await finished;
  };
  await runAll(WARM_UP_JOBS);
  const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
  answer({
    setting: `${WORKERS} worker of concurrency ${CONCURRENCY}, addBulk`,
  });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as { tasks?: number; single?: number };
    const began = systemClock.nowMs();
    if (request.tasks !== undefined) {
      await runAll(request.tasks);
      answer({ seconds: (systemClock.nowMs() - began) / 1000 });
    } else {
      const milliseconds: number[] = [];
      for (let i = 0; i < request.single!; i++) {
        left = -1;
        const submitted = systemClock.nowMs();
        const job = await queue.add(JOB.name, JOB.data, {});
        await job.waitUntilFinished(events);
        milliseconds.push(systemClock.nowMs() - submitted);
      }
      answer({ milliseconds });
    }
  }
  for (const worker of workers) worker.kill();
  process.exit();
}

const [first = "", ...rest] = process.argv.slice(2);
if (first === "worker") await work(rest[0]!);
else await main(process.argv.slice(2));
