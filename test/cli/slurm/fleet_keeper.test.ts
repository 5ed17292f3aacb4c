import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import type { Submission } from "../../../cli/slurm/arrays.ts";
import { type Fleet, fleetFiles, type JobRole } from "../../../cli/slurm/fleet.ts";
import { FleetKeeper } from "../../../cli/slurm/fleet_keeper.ts";
import type { QueuedTask } from "../../../cli/slurm/queue.ts";
import { temporaryFolder } from "../../e2e/cli.ts";
import { EXAMPLE_FLEET } from "./example_fleet.ts";

/** A Slurm whose queue a test changes. */
class StandIn {
  tasks: QueuedTask[] = [];
  answers = true;
  readonly commands: string[] = [];
  private jobs = 10;

  async queue(): Promise<QueuedTask[]> {
    if (!this.answers) throw new Error("slurmctld does not answer");
    return [...this.tasks];
  }

  async arraySizeMax(): Promise<number> {
    return 2;
  }

  async submit(script: string, args: readonly string[]): Promise<Submission> {
    const role = /(\w+)\.sbatch$/.exec(script)![1] as JobRole;
    const job = String(++this.jobs);
    this.commands.push([role, ...args].join(" "));
    const last = Number(/--array=0-(\d+)/.exec(args[0] ?? "")?.[1] ?? -1);
    const ids = last === -1 ? [job] : Array.from({ length: last + 1 }, (_, i) => `${job}_${i}`);
    this.tasks.push(
      ...ids.map((id) => ({ id, role, state: "PENDING", reason: "Priority", node: "" })),
    );
    return { job };
  }

  /** The commands since the last time. */
  said(): string[] {
    return this.commands.splice(0);
  }

  end(role: JobRole): void {
    this.tasks = this.tasks.filter((task) => task.role !== role);
  }
}

let slurm: StandIn;
let fleet: Fleet;
let notes: string[];
let timers: (() => void)[];
beforeEach(() => {
  slurm = new StandIn();
  fleet = { ...EXAMPLE_FLEET, results: temporaryFolder(), cpuTasks: 3, gpuTasks: 1 };
  mkdirSync(fleetFiles(fleet.results).folder, { recursive: true });
  notes = [];
  timers = [];
});

function keep(firstWorkers?: JobRole): FleetKeeper {
  return new FleetKeeper({
    ...{ fleet, slurm, firstWorkers, note: (line) => notes.push(line) },
    clock: {
      wallMs: () => 0,
      nowMs: () => 0,
      after: (_delay_ms, action) => {
        timers.push(action);
        return () => {
          timers = timers.filter((timer) => timer !== action);
        };
      },
    },
  });
}

/** The time comes at which it looks again. */
async function look(): Promise<void> {
  for (const action of timers.splice(0)) action();
  await new Promise((resolve) => setTimeout(resolve, 10));
}

test("a fleet is started once, workers after the coordinator, in arrays of the site's size", async () => {
  const { done } = fleetFiles(fleet.results);
  writeFileSync(done, "{}");
  const keeper = keep();
  await keeper.start();
  expect(slurm.said()).toEqual([
    "coordinator",
    "cpu --array=0-1 --dependency=after:11",
    "cpu --array=0-0 --dependency=after:11",
    "gpu --array=0-0 --dependency=after:11",
  ]);
  expect(existsSync(done), "the end of an earlier sweep").toBe(false);
  expect(notes).toContain("submitted 3 CPU tasks as arrays 12, 13");
  await look();
  expect(slurm.said()).toEqual([]);
  await keeper.stop();
  expect(timers).toEqual([]);
});

test("whoever comes back starts what is missing only, for the coordinator that is there", async () => {
  await keep().start();
  slurm.said();
  slurm.tasks = slurm.tasks.filter(({ id }) => id !== "12_1" && id !== "14_0");
  await keep().start();
  expect(slurm.said()).toEqual([
    "cpu --array=0-0 --dependency=after:11",
    "gpu --array=0-0 --dependency=after:11",
  ]);
});

test("where a device decides about the plan, GPU tasks come first and the others with the sweep", async () => {
  const keeper = keep("gpu");
  await keeper.start();
  expect(slurm.said().map((command) => command.split(" ")[0])).toEqual(["coordinator", "gpu"]);
  await look();
  expect(slurm.said()).toEqual([]);
  keeper.startWorkers();
  await look();
  expect(slurm.said()).toHaveLength(2);
});

test("tasks that left stay away, until there is none; a pause is no reason to start any", async () => {
  const keeper = keep();
  await keeper.start();
  slurm.said();
  slurm.end("cpu");
  await look();
  expect(slurm.said()).toEqual([]);
  slurm.end("gpu");
  keeper.progress({ cellsDone: 1, state: "paused" });
  await look();
  expect(slurm.said()).toEqual([]);
  keeper.progress({ cellsDone: 1, state: "running" });
  await look();
  expect(slurm.said()).toHaveLength(3);
});

test("a coordinator that ends again and again is given up, unless cells are done in between", async () => {
  const keeper = keep();
  await keeper.start();
  for (let i = 1; i <= 8; i++) {
    slurm.end("coordinator");
    keeper.progress({ cellsDone: i, state: "running" });
    await look();
  }
  let problem = "";
  void keeper.failed.catch((error: Error) => {
    problem = error.message;
  });
  for (let i = 0; i < 5; i++) {
    slurm.end("coordinator");
    expect(problem).toBe("");
    await look();
  }
  slurm.end("coordinator");
  await look();
  expect(problem).toContain("ended 5 times without a cell done");
  expect(problem).toContain(fleetFiles(fleet.results).logs);
  slurm.said();
  slurm.end("coordinator");
  await look();
  expect(slurm.said()).toEqual([]);
});

test("a controller that does not answer is asked again, and nothing is started meanwhile", async () => {
  const keeper = keep();
  await keeper.start();
  slurm.said();
  slurm.answers = false;
  slurm.tasks = [];
  await look();
  expect(slurm.said()).toEqual([]);
  expect(notes.at(-1)).toContain("slurmctld does not answer");
  slurm.answers = true;
  await look();
  expect(slurm.said()).toHaveLength(4);
});
