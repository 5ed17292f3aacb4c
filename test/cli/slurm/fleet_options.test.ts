import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fleetOf, type SlurmOptions } from "../../../cli/slurm/fleet_options.ts";
import { MAIN, Spawned, sweepFile, temporaryFolder } from "../../e2e/cli.ts";

const OPTIONS: SlurmOptions = {
  ...{ cpuTasks: 2, gpuTasks: 0, cpusPerTask: 4, gres: "gpu:1" },
  ...{ sbatch: [], modules: [], prologue: [] },
};
const fleet = (options: Partial<SlurmOptions>, results = "/shared/sweep") =>
  fleetOf({ ...OPTIONS, ...options }, results, "0123abcd");

test("options become a fleet", () => {
  const { partitions, prologue, phasesweep } = fleet({
    ...{ partition: "batch", gpuPartition: "a100", modules: ["nodejs/20", "gcc"] },
    prologue: ["source env.sh"],
  });
  expect(partitions).toEqual({ coordinator: "batch", cpu: "batch", gpu: "a100" });
  expect(prologue).toEqual(["module load nodejs/20 gcc", "source env.sh"]);
  expect(phasesweep).toContain(process.execPath);
  expect(fleet({}).partitions).toEqual({});
  expect("time" in fleet({})).toBe(false);
});

test("what cannot stand in a batch script is refused, all of it at once", () => {
  const wrong = () =>
    fleet(
      {
        ...{ partition: "a b", time: "1:00\n#SBATCH --exclusive", sbatch: ["-N 2", "--x=a\nb"] },
        ...{ prologue: ["a\nb"], cpuTasks: 0 },
      },
      '/shared/"sweep"',
    );
  for (const place of ["--partition", "--time", "--sbatch -N 2", "--sbatch --x", "--prologue"]) {
    expect(wrong).toThrow(place);
  }
  expect(wrong).toThrow("--results");
  expect(wrong).toThrow("--cpu-tasks 0");
  expect(() => fleet({ journal: "postgres://me:secret@db/sweeps" })).toThrow("there is a password");
  expect(fleet({ journal: "postgres://me@db/sweeps" }).journal).toBe("postgres://me@db/sweeps");
});

const SWEEP = `
name: nowhere
dataset: example3
loss: exponential
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 5 }
seeds: 2
training: { steps: 10 }
`;

test("without Slurm it says so and writes nothing, and a dry run works all the same", async () => {
  const folder = temporaryFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  const results = join(folder, "results");
  const args = ["slurm", sweepFile(folder, SWEEP), "--results", results, "--cpu-tasks", "2500"];
  const slurm = (...more: string[]) =>
    new Spawned("env", ["-i", `PATH=${bin}`, process.execPath, MAIN, ...args, ...more]).finished;
  const missing = await slurm();
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain("sbatch: it cannot be run here");
  expect(missing.stderr).toContain("fix: run `phasesweep slurm` on a login node");
  const dry = await slurm("--dry-run", "--json");
  expect(dry.code).toBe(0);
  const { scripts, commands } = JSON.parse(dry.stdout);
  expect(scripts.map(({ path }: { path: string }) => path)).toEqual([
    join(results, "slurm", "coordinator.sbatch"),
    join(results, "slurm", "cpu.sbatch"),
  ]);
  expect(commands).toHaveLength(4);
  expect(commands[3]).toMatch(/--array=0-497 --dependency=after:COORDINATOR/);
  expect(existsSync(results)).toBe(false);
  const wrong = await slurm("--time", "soon, please");
  expect(wrong.code).toBe(2);
});
