import type { Tfjs } from "../engine/dense/tfjs.ts";
import { type LoadPackage, loadPackage, missingPackage, type WebGpuDevice } from "./webgpu.ts";

/** What this file uses of the optional package `@tensorflow/tfjs-backend-webgpu`. */
interface WebGpuBackendPackage {
  readonly WebGPUBackend: new (
    device: GPUDevice,
    adapterInfo: GPUAdapterInfo,
  ) => ReturnType<Parameters<Tfjs["registerBackend"]>[1]> & object;
}

const PACKAGE = "@tensorflow/tfjs-backend-webgpu";
const BACKEND = "webgpu";

/** tfjs on a device that is open already, next to whatever else computes on it. */
export async function openTfjsWebGpu(
  { gpu, device, info }: WebGpuDevice,
  load: LoadPackage = loadPackage,
): Promise<Tfjs> {
  const tf = await import("@tensorflow/tfjs-core");
  let loaded: WebGpuBackendPackage;
  try {
    loaded = (await load(PACKAGE)) as WebGpuBackendPackage;
  } catch (error) {
    throw missingPackage(PACKAGE, error);
  }
  // The backend takes the absence of a browser's `navigator.gpu` for the absence of WebGPU. It is
  // set only now, because the package would otherwise open a device of its own when it is loaded.
  const { navigator: found } = globalThis as { navigator?: object };
  const navigator = Object.create(found ?? null, { gpu: { value: gpu } });
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  tf.registerBackend(BACKEND, () => new loaded.WebGPUBackend(device, info) as never);
  await tf.setBackend(BACKEND);
  await tf.ready();
  return tf;
}
