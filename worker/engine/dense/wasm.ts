import { denseEngine } from "./dense.ts";
import type { Tfjs } from "./tfjs.ts";

/** Opens tfjs' WebAssembly backend, which comes with npm and runs on any processor. */
export async function openWasm(): Promise<Tfjs> {
  const tf = await import("@tensorflow/tfjs-core");
  await import("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend("wasm");
  await tf.ready();
  return tf;
}

/** The dense engine of a CPU; each thread opens its backend when the first batch comes. */
export const wasmDenseEngine = denseEngine(openWasm, "wasm");
