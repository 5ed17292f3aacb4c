import { expect, test } from "vitest";
import { assignedGpus, deviceEnvironments } from "../../cli/devices.ts";
import { bestBackends } from "../../cli/load_plan.ts";
import { localProcesses } from "../../cli/local_processes.ts";

test("CPU processes share the cores, and each backend has one for its devices", () => {
  expect(localProcesses({ workers: 2, backends: [] }, 8)).toEqual([
    ["--slots", "4"],
    ["--slots", "4"],
  ]);
  expect(localProcesses({ workers: 1, slots: 3, backends: ["webgpu", "cuda"] }, 8)).toEqual([
    ["--slots", "3"],
    ["--device", "webgpu"],
    ["--device", "cuda"],
  ]);
  expect(
    localProcesses({ workers: 1, slots: 0, backends: ["cuda"], devices: ["0", "2"] }, 8),
  ).toEqual([["--device", "cuda", "--devices", "0,2"]]);
  expect(() => localProcesses({ workers: 1, slots: 0, backends: [] }, 8)).toThrow(
    "nothing would be computed",
  );
});

test("each device's process sees that device alone", () => {
  const visible = (environments: Record<string, string>[]) =>
    environments.map(({ CUDA_VISIBLE_DEVICES: device }) => device);
  expect(visible(deviceEnvironments("cuda", undefined, 3))).toEqual(["0", "1", "2"]);
  expect(visible(deviceEnvironments("cuda", ["1"], 3))).toEqual(["1"]);
  // Where the driver does not say how many there are, TensorFlow may still find one.
  expect(visible(deviceEnvironments("cuda", undefined, 0))).toEqual(["0"]);
  // Those that a batch system has assigned, by number or by name.
  expect(assignedGpus({ CUDA_VISIBLE_DEVICES: "2,GPU-5f" })).toEqual(["2", "GPU-5f"]);
  expect(assignedGpus({})).toBeUndefined();
  expect(deviceEnvironments("webgpu", ["A", "B"], 0)).toEqual([
    { PHASESWEEP_WEBGPU_ADAPTER: "A" },
    { PHASESWEEP_WEBGPU_ADAPTER: "B" },
  ]);
  expect(deviceEnvironments("webgpu", undefined, 2)).toEqual([{}]);
});

test("each engine gets the backend that it runs best on", () => {
  expect(bestBackends([])).toEqual({ gram: "wasm", dense: "wasm" });
  expect(bestBackends(["node", "webgpu"])).toEqual({ gram: "webgpu", dense: "webgpu" });
  expect(bestBackends(["webgpu", "cuda"])).toEqual({ gram: "webgpu", dense: "cuda" });
});
