import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../shared/package_info.ts";

/** Somebody who runs no-op tasks, as a program that speaks as python/task_peer.py does. */
export interface TaskContender {
  readonly name: string;
  /** What survives a power cut of what it says is done. */
  readonly durability: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** What a contender did in one turn. */
export interface TaskTurn {
  readonly setting: string;
  readonly tasks_per_second: number;
  /** From the end of the tasks until the merged results are there: ours only. */
  readonly merge_seconds: number | undefined;
  readonly latencies_ms: readonly number[];
  /** Time of the processor that the coordinator took for a task: ours only. */
  readonly cpu_us_per_task: number | undefined;
}

/** Our coordinator as it is with --http. */
export const WATCHED = "phasesweep, with --http";

/** Starts the contender, has it do its tasks, many at once and then one by one, and ends it. */
export async function takeTurn(
  { command, args, name }: TaskContender,
  tasks: number,
  singles: number,
): Promise<TaskTurn> {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", RAY_DEDUP_LOGS: "0" };
  const child = spawn(command, args, { env });
  const ended = new Promise((resolve) => child.on("close", resolve));
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => {
    complaint += text.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async <Answer>(): Promise<Answer> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${name} stopped: ${complaint.trim()}`);
    return JSON.parse(value) as Answer;
  };
  const ask = <Answer>(request: object): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return nextLine<Answer>();
  };
  try {
    const { setting } = await nextLine<{ setting: string }>();
    const all = await ask<{
      readonly tasks?: number;
      readonly seconds: number;
      readonly merge_seconds?: number;
      readonly cpu_us?: number;
    }>({ tasks });
    const { milliseconds } = await ask<{ milliseconds: number[] }>({ single: singles });
    return {
      setting,
      tasks_per_second: (all.tasks ?? tasks) / all.seconds,
      merge_seconds: all.merge_seconds,
      cpu_us_per_task: all.cpu_us === undefined ? undefined : all.cpu_us / (all.tasks ?? tasks),
      latencies_ms: milliseconds,
    };
  } finally {
    child.stdin.end();
    await ended;
  }
}

/** Ours first, then the peers that this machine has; and why the others are not among them. */
export function taskContenders(): { contenders: TaskContender[]; skipped: string[] } {
  const script = (name: string) => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const contenders: TaskContender[] = [
    {
      name: "phasesweep",
      durability: "part and journal fsynced before each acknowledgement",
      command: process.execPath,
      args: [script("no_op_fleet")],
    },
    {
      name: WATCHED,
      durability: "the same, with metrics and a log",
      command: process.execPath,
      args: [script("no_op_fleet"), "1", "256", "watched"],
    },
  ];
  const skipped: string[] = [];
  const python = process.env["PHASESWEEP_BENCH_PYTHON"] ?? "python3";
  for (const [name, module] of [
    ["Dask", "distributed"],
    ["Ray", "ray"],
  ] as const) {
    if (spawnSync(python, ["-c", `import ${module}`]).status === 0) {
      const peer = join(packageRoot, "test", "bench", "python", `${name.toLowerCase()}_peer.py`);
      const durability = "none: tasks and results are in memory";
      contenders.push({ name, durability, command: python, args: [peer] });
    } else skipped.push(`${name}: ${python} has no package ${module}`);
  }
  const folder = process.env["PHASESWEEP_BENCH_BULLMQ"];
  if (folder === undefined || !existsSync(join(folder, "node_modules", "bullmq"))) {
    skipped.push("BullMQ: PHASESWEEP_BENCH_BULLMQ names no folder where it is installed");
  } else if (spawnSync("redis-server", ["--version"]).status !== 0) {
    skipped.push("BullMQ: no redis-server");
  } else {
    const peer = { command: process.execPath, args: [script("bullmq_peer")] };
    contenders.push(
      {
        ...{ ...peer, name: "BullMQ, fsync" },
        args: [...peer.args, "--appendonly", "yes", "--appendfsync", "always"],
        durability: "log of commands fsynced before each answer",
      },
      { ...peer, name: "BullMQ", durability: "a snapshot a minute at most (Redis as it comes)" },
    );
  }
  return { contenders, skipped };
}
