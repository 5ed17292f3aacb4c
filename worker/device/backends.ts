import type { Clock } from "../../shared/clock.ts";
import type { Backend } from "../../shared/numeric_class.ts";
import { denseEngine } from "../engine/dense/dense.ts";
import type { Tfjs } from "../engine/dense/tfjs.ts";
import type { Engine } from "../engine/engine.ts";
import { fusedGramEngine } from "../engine/fused/fused_gram.ts";
import { gramTensorEngine } from "../engine/gram_tensors/gram_tensors.ts";
import { openTfjsNode } from "./tfjs_node.ts";
import { openTfjsWebGpu } from "./tfjs_webgpu.ts";
import { type LoadPackage, loadPackage, openWebGpu } from "./webgpu.ts";

/** A device that is ready to compute. */
export interface OpenDevice {
  readonly name: string;
  readonly isSoftware: boolean;
  readonly engines: readonly Engine[];
  /** Resolves with the reason if the driver takes the device away. */
  readonly lost?: Promise<string>;
}

/** The adapter that WebGPU should take, by its name or a part of it. */
export const ADAPTER_VARIABLE = "PHASESWEEP_WEBGPU_ADAPTER";

/** The optional packages without which a backend cannot be opened, the first to be looked for. */
export const BACKEND_PACKAGES: Readonly<Partial<Record<Backend, string>>> = {
  cuda: "@tensorflow/tfjs-node-gpu",
  webgpu: "webgpu",
  node: "@tensorflow/tfjs-node",
};

/** Opens a backend's device in this process. @throws FailureError that says why it cannot */
export async function openBackend(
  backend: Backend,
  env: NodeJS.ProcessEnv,
  clock: Clock,
  load: LoadPackage = loadPackage,
): Promise<OpenDevice> {
  if (backend === "webgpu") {
    const opened = await openWebGpu(env[ADAPTER_VARIABLE], load);
    const { device, name, isSoftware } = opened;
    // Both engines of tfjs share what the first batch opens.
    let opening: Promise<Tfjs> | undefined;
    const openTfjs = () => {
      opening ??= openTfjsWebGpu(opened, load);
      return opening;
    };
    const engines = [
      fusedGramEngine(device, clock),
      gramTensorEngine(openTfjs, backend),
      denseEngine(openTfjs, backend),
    ];
    const lost = device.lost.then(({ message }) => message);
    return { name, isSoftware, engines, lost };
  }
  const { tf, name, isSoftware } = await openTfjsNode(backend, load);
  return { name, isSoftware, engines: [gramTensorEngine(tf, backend), denseEngine(tf, backend)] };
}
