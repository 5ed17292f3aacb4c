import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { JOB_ROLES } from "../../../cli/slurm/fleet.ts";
import { jobScript } from "../../../cli/slurm/job_script.ts";
import { packageRoot } from "../../../shared/package_info.ts";
import { shellWord } from "../../../shared/shell_word.ts";
import { temporaryFolder } from "../../e2e/cli.ts";
import { EXAMPLE_FLEET } from "./example_fleet.ts";

/** `npx vitest run test/cli/slurm -u` writes them again. */
test("the scripts in deploy/slurm are those of the command", async () => {
  const files = {
    coordinator: "coordinator.sbatch",
    cpu: "cpu-array.sbatch",
    gpu: "gpu-array.sbatch",
  };
  for (const role of JOB_ROLES) {
    const path = join(packageRoot, "deploy/slurm", files[role]);
    await expect(jobScript(role, EXAMPLE_FLEET)).toMatchFileSnapshot(path);
  }
});

const optionsOf = (script: string) =>
  script.split("\n").flatMap((line) => (line.startsWith("#SBATCH ") ? [line.slice(8)] : []));

test("options of the jobs stand in #SBATCH lines, the site's own last", () => {
  const fleet = {
    ...EXAMPLE_FLEET,
    results: "/shared/50% off",
    partitions: { coordinator: "long", cpu: "batch", gpu: "a100" },
    ...{ mem: "8G", account: "physics", qos: "normal" },
    sbatch: ["--constraint=avx512", "--comment=learning rates"],
  };
  const cpu = optionsOf(jobScript("cpu", fleet));
  expect(cpu).toContain('--output="/shared/50%% off/logs/%x-%A_%a.out"');
  for (const option of ["--requeue", "--open-mode=append", "--signal=B:USR1@120"]) {
    expect(cpu).toContain(option);
  }
  for (const option of ["--partition=batch", "--mem=8G", "--account=physics", "--qos=normal"]) {
    expect(cpu).toContain(option);
  }
  expect(cpu.slice(-2)).toEqual(["--constraint=avx512", '"--comment=learning rates"']);
  expect(cpu.some((option) => option.startsWith("--gres"))).toBe(false);
  const gpu = optionsOf(jobScript("gpu", fleet));
  expect(gpu).toContain("--gres=gpu:1");
  expect(gpu).toContain("--partition=a100");
  const coordinator = jobScript("coordinator", fleet);
  expect(optionsOf(coordinator)).toContain("--partition=long");
  expect(coordinator).toContain("results='/shared/50% off'");
});

test("credentials, journal and leaving follow from what is wanted", () => {
  const secure = jobScript("coordinator", EXAMPLE_FLEET);
  expect(secure).toContain('--credentials "$results/credentials/coordinator"');
  expect(secure).toContain("--shared-results");
  expect(secure).toContain("--until-done");
  expect(jobScript("cpu", EXAMPLE_FLEET)).toContain('--credentials "$results/credentials/work"');
  const journal = "postgres://sweep@db/journal";
  const other = { ...EXAMPLE_FLEET, insecure: true, keep: true, journal };
  const kept = jobScript("coordinator", other);
  expect(kept).toContain(`--journal ${journal}`);
  for (const absent of ["--credentials", "--shared-results", "--until-done"]) {
    expect(kept).not.toContain(absent);
  }
  const worker = jobScript("gpu", other);
  expect(worker).toContain("--insecure");
  expect(worker).not.toContain("--idle-exit");
});

test("words of a shell stay what they are", () => {
  for (const word of ["plain", "two words", "it's", '$HOME `x` "q" \\', "*", ""]) {
    const { stdout } = spawnSync("bash", ["-c", `printf %s ${shellWord(word)}`], {
      encoding: "utf8",
    });
    expect(stdout).toBe(word);
  }
});

/** Runs the worker's script with stand-ins for the programs that it calls. */
function runScript(squeue: string, worker: string, env: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const program = (name: string, body: string) => {
    writeFileSync(join(bin, name), `#!/bin/bash\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program("squeue", `echo "$@" >>${folder}/squeue; ${squeue}`);
  program("scontrol", `echo "$@" >>${folder}/scontrol; exit 1`);
  program("phasesweep", `echo "$@" >>${folder}/phasesweep\n${worker}`);
  const fleet = { ...EXAMPLE_FLEET, results: folder, prologue: [] };
  mkdirSync(join(folder, "slurm"));
  writeFileSync(join(folder, "script"), jobScript("cpu", fleet));
  const { status } = spawnSync("bash", [join(folder, "script")], {
    env: {
      PATH: `${bin}:${process.env["PATH"]}`,
      ...{ SLURM_JOB_ID: "7", SLURM_ARRAY_JOB_ID: "7", SLURM_ARRAY_TASK_ID: "3" },
      ...{ SLURM_JOB_NAME: "w", SLURM_CPUS_PER_TASK: "4", ...env },
    },
    timeout: 20_000,
  });
  const read = (name: string) => {
    try {
      return readFileSync(join(folder, name), "utf8").trim();
    } catch {
      return "";
    }
  };
  return { status, squeue: read("squeue"), scontrol: read("scontrol"), worker: read("phasesweep") };
}

const HOUR_S = 3_600;
const inSeconds = (seconds: number) => `date --date="+${seconds} seconds" +%Y-%m-%dT%H:%M:%S`;

test("a worker drains a minute before the end of its job, which Slurm or squeue knows", () => {
  const ran = runScript(inSeconds(HOUR_S), "exit 0");
  // The last task of an array has the number of the array.
  expect(ran.squeue).toContain("--jobs=7_3");
  expect(ran.worker).toContain("--name w-7_3-0");
  const walltime_min = Number(/--walltime (\S+)/.exec(ran.worker)?.[1]);
  expect(walltime_min).toBeGreaterThan(58.8);
  expect(walltime_min).toBeLessThanOrEqual(59);
  expect(ran).toMatchObject({ status: 0, scontrol: "" });
  const told = runScript("exit 1", "exit 0", { SLURM_JOB_END_TIME: "4000000000" });
  expect(told.squeue).toBe("");
  expect(Number(/--walltime (\S+)/.exec(told.worker)?.[1])).toBeGreaterThan(1_000_000);
});

test("a job without a limit, or whose limit nobody tells, has no walltime", () => {
  for (const squeue of ["echo N/A", "exit 1", "echo"]) {
    const ran = runScript(squeue, "exit 0");
    expect(ran.status).toBe(0);
    expect(ran.worker).toContain("--idle-exit");
    expect(ran.worker).not.toContain("--walltime");
  }
});

test("at the end of its time a job goes back into the queue, by signal or by the clock", () => {
  const drained = "trap 'kill $!; exit 0' TERM\nkill -USR1 $PPID\nsleep 10 & wait";
  expect(runScript("echo N/A", drained)).toMatchObject({ status: 0, scontrol: "requeue 7_3" });
  const late = runScript(inSeconds(2), "sleep 2");
  expect(late.worker).toContain("--walltime 0.01");
  expect(late.scontrol).toBe("requeue 7_3");
  // The end of a job for another reason is left to Slurm.
  const ended = "trap 'kill $!; exit 0' TERM\nkill -TERM $PPID\nsleep 10 & wait";
  expect(runScript("echo N/A", ended)).toMatchObject({ status: 0, scontrol: "" });
  expect(runScript("echo N/A", "exit 3")).toMatchObject({ status: 3, scontrol: "" });
});

test("a task that begins when all is done leaves at once", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "slurm"));
  writeFileSync(join(folder, "slurm", "done.json"), "{}");
  for (const role of JOB_ROLES) {
    const script = jobScript(role, { ...EXAMPLE_FLEET, results: folder, phasesweep: "false" });
    expect(spawnSync("bash", ["-c", script]).status).toBe(0);
  }
});
