import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { noDeviceBecause, SOFTWARE_GPU } from "../software_gpu.ts";
import { Cli, pause, phasesweep, sweepFile, temporaryFolder } from "./cli.ts";

Object.assign(process.env, noDeviceBecause === undefined ? SOFTWARE_GPU : {});

const SWEEP = `
name: mixed
dataset: example4
loss: logistic
model: { hidden_layers: 1, width: 200, weight_variance: 0.5 }
learning_rate: { from: 2, to: 80, points: 257 }
seeds: 96
grids:
  - { precision: float32 }
  - { precision: float64, seeds: 4 }
`;

describe.skipIf(noDeviceBecause !== undefined)("a fleet with a software device", () => {
  test("ends complete, though the process on the device is killed in mid-batch", async () => {
    const folder = temporaryFolder();
    const results = join(folder, "results");
    const coordinator = new Cli(
      ...["serve", "--results", results, "--listen", "127.0.0.1:0"],
      ...["--shard-seconds", "0.3"],
    );
    const address = (await coordinator.says(/listens on (\S+),/))[1]!;
    const worker = new Cli(
      ...["worker", "--coordinator", address, "--slots", "1", "--backend", "webgpu"],
    );
    await worker.says(/connected to[\s\S]*connected to/);
    const submit = new Cli(
      ...[
        "submit",
        sweepFile(folder, SWEEP),
        "--coordinator",
        address,
        "--watch",
        "--json",
        "--quiet",
      ],
    );
    let killed = 0;
    for (let tries = 0; killed < 3 && submit.process.exitCode === null && tries < 500; tries++) {
      const pid = deviceProcess();
      if (pid !== undefined && busy(pid)) {
        process.kill(pid, "SIGKILL");
        killed++;
        await pause(600);
      }
      await pause(20);
    }
    const { code, stdout, stderr } = await submit.finished;
    expect(stderr).not.toContain("lack cells");
    expect(code).toBe(0);
    expect(killed).toBeGreaterThan(0);
    expect(worker.stderr).toContain("device's process died (SIGKILL); another one is started");
    const { cells } = JSON.parse(stdout);
    expect(cells).toBeGreaterThan(20_000);
    const status = await phasesweep("status", "--coordinator", address);
    expect(status.stdout).toMatch(/float32-webgpu/);
    expect(status.stdout).toMatch(/float64-exact/);
    await worker.killGroup();
    await coordinator.killGroup();
  });

  test("doctor tells what is usable, and what has never run on the real library", async () => {
    const { stdout } = await phasesweep("doctor", "--json");
    const { backends } = JSON.parse(stdout);
    const of = (name: string) =>
      backends.find(({ backend }: { backend: string }) => backend === name);
    expect(of("webgpu")).toMatchObject({ usable: true, ever_run_on_the_real_library: true });
    expect(of("cuda")).toMatchObject({ ever_run_on_the_real_library: false });
    const text = (await phasesweep("doctor")).stdout;
    expect(text).toContain("never run on the real library");
  });
});

test("a backend that cannot be used is a usage error, and nothing is written", async () => {
  const folder = temporaryFolder();
  const results = join(folder, "results");
  const sweep = sweepFile(folder, SWEEP);
  const { code, stderr } = await phasesweep(
    "run",
    sweep,
    "--results",
    results,
    "--backend",
    "cuda",
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(/--backend cuda: @tensorflow\/tfjs-node-gpu: .*\n {2}fix: /);
  expect(readdirSync(folder)).not.toContain("results");
  const none = await phasesweep(
    "run",
    sweep,
    "--results",
    results,
    "--slots",
    "0",
    "--backend",
    "wasm",
  );
  expect(none.code).toBe(2);
  expect(none.stderr).toContain("nothing would be computed");
});

/** The process that computes on a device, wherever in the tree below this one. */
function deviceProcess(): number | undefined {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("device_main.js");
      } catch {
        return false;
      }
    });
}

/** Whether a process has computed for a while: its clock ticks in user mode. */
function busy(pid: number): boolean {
  try {
    const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    return Number(rest.split(" ")[11]) > 60;
  } catch {
    return false;
  }
}
