import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  MAIN,
  phasesweep,
  Spawned,
  sha256Of,
  skipBecause,
  sweepFile,
  temporaryFolder,
} from "../../e2e/cli.ts";
import { DashboardClient } from "../../e2e/dashboard_client.ts";
import { type NodeName, SlurmCluster } from "./cluster.ts";

const SWEEP = `
name: cluster
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 1200
training: { steps: 300 }
measure: [ntk, hessian]
`;

/** Makes arrays of a few tasks too large. */
const ARRAY_SIZE_MAX = 4;
const CPU_TASKS = 5;

const problem = SlurmCluster.problem();
const cluster = new SlurmCluster();
const folder = temporaryFolder();
const sweep = sweepFile(folder, SWEEP);
const running: Spawned[] = [];

beforeAll(async () => {
  if (problem === undefined) await cluster.open({ arraySizeMax: ARRAY_SIZE_MAX });
});
afterEach(async () => {
  for (const spawned of running.splice(0)) await spawned.killGroup();
});
afterAll(() => cluster.close());

/** Starts phasesweep as on a login node of the cluster. */
function onLoginNode(...args: string[]): Spawned {
  const { SLURM_CONF } = cluster.environment;
  const started = new Spawned("env", [`SLURM_CONF=${SLURM_CONF}`, process.execPath, MAIN, ...args]);
  running.push(started);
  return started;
}

interface Task {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly node: NodeName;
}

function queue(): Task[] {
  const lines = cluster.must("squeue", "--noheader", "--array", "--format=%i|%j|%T|%N").trim();
  return lines.split("\n").flatMap((line) => {
    const [id = "", name = "", state = "", node = ""] = line.split("|");
    return id === "" ? [] : [{ id, name, state, node: node as NodeName }];
  });
}

const runs = (role: string) =>
  queue().filter(({ name, state }) => name.startsWith(`phasesweep-${role}`) && state === "RUNNING");

const restartsOf = (job: string) =>
  Number(/ Restarts=(\d+)/.exec(cluster.must("scontrol", "show", "job", job))?.[1]);

test("a sweep on Slurm ends with the same bytes whatever befalls its jobs", {
  timeout: 400_000,
}, async ({ skip }) => {
  skipBecause(problem, skip);
  const undisturbed = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", undisturbed)).code).toBe(0);
  const results = join(folder, "shared results");
  const slurm = (...args: string[]) =>
    onLoginNode(
      ...["slurm", sweep, "--results", results, "--cpu-tasks", String(CPU_TASKS)],
      ...["--gpu-tasks", "1", "--cpus-per-task", "1", "--partition", "low"],
      // It goes before workers, so that it never waits for one of them to leave.
      ...["--coordinator-partition", "high", "--json", ...args],
    );
  const connection = [
    ...["--coordinator", `file:${join(results, "slurm", "endpoint")}`],
    ...["--credentials", join(results, "credentials", "submit")],
  ];
  const control = async (command: string) => {
    expect(await phasesweep(command, "cluster", ...connection)).toMatchObject({ code: 0 });
  };
  const log = (of: RegExp) =>
    readdirSync(join(results, "logs"))
      .filter((name) => of.test(name))
      .map((name) => readFileSync(join(results, "logs", name), "utf8"))
      .join("\n");
  const parts = () => readdirSync(join(results, "parts")).length;
  /** Has the sweep go on for a while: it waits for whatever Slurm takes its time for. */
  const goOn = async () => {
    await control("resume");
    const before = parts();
    await cluster.until("parts", () => parts() >= before + 2);
    await control("pause");
    expect(existsSync(join(results, "cluster", "results.parquet")), "too early").toBe(false);
  };

  const first = slurm();
  await first.says(/submitted the coordinator as job \d+/);
  const [, arrays] = await first.says(/submitted 5 CPU tasks as arrays (.*)/);
  expect(arrays?.split(", "), "more than MaxArraySize").toHaveLength(2);
  await cluster.until(
    "workers",
    () => runs("cpu").length >= 3 && existsSync(join(results, "parts")),
  );
  await goOn();

  // The GPU is none: the task says so, and computes on its cores.
  await cluster.until("the GPU task", () => /no device works here/.test(log(/-gpu-/)));
  expect(log(/-gpu-/)).toMatch(/CUDA_VISIBLE_DEVICES is '\d'/);
  expect(runs("gpu").map(({ node }) => node)).toEqual(["node4"]);

  // Whoever follows may leave, and come back; what somebody took away is there again then.
  first.process.kill("SIGINT");
  const left = await first.finished;
  expect(left.code).toBe(130);
  expect(left.stderr).toContain("The jobs go on");
  const taken = runs("cpu")[0]!;
  cluster.must("scancel", taken.id);
  await cluster.until("the end of a task", () => queue().every(({ id }) => id !== taken.id));
  const follower = slurm();
  await follower.says(/submitted 1 CPU tasks as array \d+/);
  expect(follower.stderr).not.toContain("submitted the coordinator");
  await goOn();

  // Somebody with more rights needs a node.
  const seat = runs("coordinator")[0]!.node;
  const preempted = runs("cpu").find(({ node }) => node !== seat && node !== "node4")!;
  const urgent = ["--partition=high", "--exclusive", `--nodelist=${preempted.node}`];
  cluster.must("sbatch", `--output=${join(folder, "urgent.out")}`, ...urgent, "--wrap=sleep 3");
  await cluster.until("a preemption", () => restartsOf(preempted.id) >= 1);

  // A job that is near its time limit hands in what it has, and goes back into the queue.
  const short = ["--time=1", "--signal=B:USR1@50", "--partition=high", "--array=0"];
  const script = join(results, "slurm", "cpu.sbatch");
  const drained = `${cluster.must("sbatch", "--parsable", ...short, script).trim()}_0`;
  const others = () => runs("cpu").filter(({ id }) => id !== drained);

  // Somebody has a task and the coordinator start anew.
  await cluster.until("another task", () => others().length > 0);
  cluster.must("scontrol", "requeue", others()[0]!.id);
  const coordinator = runs("coordinator")[0]!.id;
  cluster.must("scontrol", "requeue", coordinator);
  const listened = (times: number) => () =>
    (log(/-coordinator-/).match(/listens on/g) ?? []).length === times;
  await cluster.until("another coordinator", listened(2));
  expect(restartsOf(coordinator)).toBe(1);
  await goOn();
  await cluster.until("a task that is out of time", () => restartsOf(drained) >= 1, 90_000);
  cluster.must("scancel", drained);
  await goOn();

  // A node dies, and of another one only the daemon: Slurm starts a second coordinator.
  const cutOff = runs("coordinator")[0]!.node;
  const dead = runs("cpu").find(({ node }) => node !== cutOff && node !== "node4")!.node;
  cluster.killNode(dead);
  cluster.killNode(cutOff, { spareJobs: true });
  const waiting = () => /holds .*waiting until it does not/.test(log(/-coordinator-/));
  await cluster.until("a second coordinator", waiting, 90_000);
  // The first one has the folder, and goes on.
  await goOn();
  // Its node comes back, where Slurm ends it.
  cluster.startNode(cutOff);
  await cluster.until("a takeover", listened(3), 90_000);
  await control("resume");

  const { code, stdout, stderr } = await follower.finished;
  expect(code, stderr).toBe(0);
  const sha256 = sha256Of(join(undisturbed, "results.parquet"));
  expect(JSON.parse(stdout)).toMatchObject({ sweep: "cluster", sha256 });
  expect(sha256Of(join(results, "cluster", "results.parquet"))).toBe(sha256);
  // Nobody is left on a node that is there.
  expect(queue().filter(({ state }) => state !== "COMPLETING")).toEqual([]);

  // Who asks for it once more gets the answer, and no jobs.
  const again = await slurm().finished;
  expect(again.code).toBe(0);
  expect(again.stderr).not.toContain("submitted");
  expect(JSON.parse(again.stdout).sha256).toBe(sha256);

  // Nothing secret is where others can read.
  const credentials = join(results, "credentials");
  const secrets = ["work", "submit", "read"].map((role) =>
    readFileSync(join(credentials, role, "token"), "utf8").trim(),
  );
  const visible = [
    cluster.must("scontrol", "show", "job", "-dd"),
    ...["coordinator", "cpu", "gpu"].map((role) =>
      readFileSync(join(results, "slurm", `${role}.sbatch`), "utf8"),
    ),
    log(/./),
    follower.stderr,
  ].join("\n");
  for (const secret of secrets) expect(visible).not.toContain(secret);
});

test("a fleet is ended by --cancel, and what it has committed stays", async ({ skip }) => {
  skipBecause(problem, skip);
  const results = join(folder, "cancelled");
  const args = ["slurm", sweep, "--results", results, "--cpus-per-task", "1"];
  const nothing = await onLoginNode(...args, "--cancel").finished;
  expect(nothing.code).toBe(2);
  expect(nothing.stderr).toContain("has started nothing for this folder");
  const follower = onLoginNode(...args, "--cpu-tasks", "2");
  await follower.says(/submitted 2 CPU tasks/);
  await cluster.until(
    "parts",
    () => existsSync(join(results, "parts")) && readdirSync(join(results, "parts")).length > 1,
  );
  // The page of a job, from the login node, for those who have its credentials.
  const endpoint = join(results, "slurm/endpoint");
  const credentials = join(results, "credentials/submit");
  const fleet = ["--coordinator", `file:${endpoint}`, "--credentials", credentials];
  const gateway = onLoginNode("dashboard", ...fleet, "--no-open", "--json");
  await gateway.says(/"url"/, "stdout");
  const page = await DashboardClient.enter(JSON.parse(gateway.stdout).url);
  const stream = page.follow();
  expect(await stream.has("sweeps", (sweeps) => sweeps.length > 0)).toMatchObject([
    { sweep: "cluster" },
  ]);
  await stream.close();
  follower.process.kill("SIGINT");
  expect((await follower.finished).code).toBe(130);
  const { code, stdout } = await onLoginNode(...args, "--cancel").finished;
  expect(code).toBe(0);
  expect(stdout).toMatch(/ended coordinator \d+ .*CPU tasks: .*stays in/);
  await cluster.until("an empty queue", () => queue().length === 0);
  expect(readdirSync(join(results, "parts")).length).toBeGreaterThan(1);
});
