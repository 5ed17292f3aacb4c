import { FailureError } from "../../shared/errors.ts";
import type { Backend } from "../../shared/numeric_class.ts";
import type { Tfjs } from "../engine/dense/tfjs.ts";
import { type LoadPackage, loadPackage, missingPackage } from "./webgpu.ts";

/** tfjs-node's backend: whether its native library was built for CUDA and found a GPU. */
interface TensorFlowBackend {
  readonly isUsingGpuDevice?: boolean;
}

const PACKAGES: Readonly<Partial<Record<Backend, string>>> = {
  cuda: "@tensorflow/tfjs-node-gpu",
  node: "@tensorflow/tfjs-node",
};

/**
 * Loads TensorFlow's native library through tfjs: for CUDA or for the CPU. Both packages fetch that
 * library when they are installed, and where it cannot be had they are missing.
 * @throws FailureError that says what is missing
 */
export async function openTfjsNode(
  backend: Backend,
  load: LoadPackage = loadPackage,
): Promise<{ readonly tf: Tfjs; readonly name: string; readonly isSoftware: boolean }> {
  const name = PACKAGES[backend];
  if (name === undefined) throw new RangeError(`${backend} is no backend of tfjs-node`);
  const tf = await loadTfjs(name, load);
  await tf.ready();
  const found = tf.getBackend();
  if (found !== "tensorflow") {
    throw new FailureError({
      place: name,
      problem: `its backend is '${found}', not 'tensorflow': the native library did not load`,
      fix: `\`npm rebuild ${name}\` shows why`,
    });
  }
  if (backend === "cuda" && (tf.backend() as TensorFlowBackend).isUsingGpuDevice !== true) {
    throw new FailureError({
      place: name,
      problem: "TensorFlow finds no CUDA GPU",
      fix: "check `nvidia-smi`, and that CUDA and cuDNN of the versions that this TensorFlow wants are on LD_LIBRARY_PATH",
    });
  }
  const device = backend === "cuda" ? "CUDA GPU" : "CPU";
  return {
    tf,
    name: `${device}, tfjs ${tf.version_core} on TensorFlow`,
    isSoftware: backend === "node",
  };
}

async function loadTfjs(name: string, load: LoadPackage): Promise<Tfjs> {
  let loaded: Tfjs | { readonly default: Tfjs };
  try {
    loaded = (await load(name)) as typeof loaded;
  } catch (error) {
    throw missingPackage(name, error);
  }
  return "default" in loaded ? loaded.default : loaded;
}
