import { describe, expect, test } from "vitest";
import { systemClock } from "../../../shared/clock.ts";
import { openBackend } from "../../../worker/device/backends.ts";

/** What the packages of tfjs-node export, as far as it is used; `default` too, as CommonJS has it. */
function tfjs(changes: { backend?: string; isUsingGpuDevice?: boolean } = {}) {
  const tf = {
    version_core: "4.22.0",
    ready: async () => {},
    getBackend: () => changes.backend ?? "tensorflow",
    backend: () => ({ isUsingGpuDevice: changes.isUsingGpuDevice ?? true }),
  };
  return { default: tf };
}

const open = (backend: "cuda" | "node" | "webgpu", load: (name: string) => Promise<unknown>) =>
  openBackend(backend, {}, systemClock, load);

describe("the loaders of TensorFlow's native library, against a stand-in", () => {
  test("ask for the package of their backend", async () => {
    const asked: string[] = [];
    const load = async (name: string) => {
      asked.push(name);
      return tfjs();
    };
    expect((await open("cuda", load)).name).toBe("CUDA GPU, tfjs 4.22.0 on TensorFlow");
    expect(await open("node", load)).toMatchObject({
      name: "CPU, tfjs 4.22.0 on TensorFlow",
      isSoftware: true,
    });
    expect(asked).toEqual(["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"]);
  });

  test("say so when the package is not there", async () => {
    const missing = Object.assign(new Error("x"), { code: "ERR_MODULE_NOT_FOUND" });
    await expect(open("cuda", () => Promise.reject(missing))).rejects.toThrow(
      /tfjs-node-gpu: the package is not installed\n {2}fix: .*npm install @tensorflow\/tfjs-node-gpu/,
    );
  });

  test("pass on why it does not load", async () => {
    const broken = new Error("libcudart.so.11.0: cannot open shared object file\nmore");
    await expect(open("cuda", () => Promise.reject(broken))).rejects.toThrow(
      /does not load: libcudart.so.11.0: cannot open shared object file\n/,
    );
  });

  test("take no other backend for TensorFlow, and no CPU for a GPU", async () => {
    await expect(open("cuda", async () => tfjs({ backend: "cpu" }))).rejects.toThrow(
      "its backend is 'cpu'",
    );
    await expect(open("cuda", async () => tfjs({ isUsingGpuDevice: false }))).rejects.toThrow(
      "TensorFlow finds no CUDA GPU",
    );
  });
});

describe("the loader of WebGPU, against a stand-in", () => {
  test("says so when no device answers", async () => {
    const gpu = { requestAdapter: async () => null };
    const load = async () => ({ create: () => gpu, globals: {} });
    await expect(open("webgpu", load)).rejects.toThrow("no Vulkan device answers");
  });

  test("asks for the adapter of the environment, and passes on which there are", async () => {
    const options: string[] = [];
    const requestAdapter = () => Promise.reject(new Error("Available adapters: 'A', 'B'"));
    const create = (given: string[]) => {
      options.push(...given);
      return { requestAdapter };
    };
    const env = { PHASESWEEP_WEBGPU_ADAPTER: "C" };
    const opened = openBackend("webgpu", env, systemClock, async () => ({ create, globals: {} }));
    await expect(opened).rejects.toThrow(/Available adapters: 'A', 'B'\n {2}fix: .*ADAPTER/);
    expect(options).toEqual(["adapter=C"]);
  });
});
