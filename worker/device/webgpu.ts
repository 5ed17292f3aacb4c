import { tmpdir } from "node:os";
import { FailureError, messageOf } from "../../shared/errors.ts";

/** What this file uses of the optional package `webgpu` (Dawn for Node). */
interface WebGpuPackage {
  create(options: readonly string[]): GPU;
  readonly globals: object;
}

/** Loads a package by name; a parameter, so that tests can stand in for packages. */
export type LoadPackage = (name: string) => Promise<unknown>;

export const loadPackage: LoadPackage = (name) => import(name);

/** An open device of WebGPU. */
export interface WebGpuDevice {
  readonly gpu: GPU;
  readonly info: GPUAdapterInfo;
  readonly device: GPUDevice;
  /** The adapter in words: "NVIDIA H100", "SwiftShader Device (LLVM 10.0.0)". */
  readonly name: string;
  /** It computes on the CPU: right, but slower than the CPU's own engines. */
  readonly isSoftware: boolean;
}

const PACKAGE = "webgpu";
/** Dawn aborts the process if its instance is collected before what it made. */
const instances: GPU[] = [];
/** What is asked of a device as far as its adapter has it; the rest is WebGPU's least. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;
/** How software renderers call themselves; Dawn does not always mark them as a fallback. */
const SOFTWARE_NAMES = /swiftshader|llvmpipe|lavapipe|softpipe/i;

/**
 * Opens the Vulkan, Metal or Direct3D device that Dawn finds, or the one whose adapter is called
 * `adapter`. @throws FailureError that says what is missing
 */
export async function openWebGpu(
  adapter: string | undefined,
  load: LoadPackage = loadPackage,
): Promise<WebGpuDevice> {
  // Without it Vulkan's loader prints an error for every device that it opens.
  process.env["XDG_RUNTIME_DIR"] ??= tmpdir();
  const { create, globals } = await loadWebGpu(load);
  Object.assign(globalThis, globals);
  const gpu = create(adapter === undefined ? [] : [`adapter=${adapter}`]);
  instances.push(gpu);
  const found = await requestAdapter(gpu);
  if (found === null) {
    throw new FailureError({
      place: "webgpu",
      problem: "no Vulkan device answers",
      fix: "install the GPU's Vulkan driver; without a GPU a software driver such as SwiftShader will do for tests",
    });
  }
  const device = await found.requestDevice({
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, found.limits[name]])),
  });
  const name = found.info.description || found.info.device || found.info.vendor || "unnamed";
  const isSoftware = found.info.isFallbackAdapter === true || SOFTWARE_NAMES.test(name);
  return { gpu, info: found.info, device, name, isSoftware };
}

/** Dawn throws where no adapter has the name that was asked for, and lists those that there are. */
async function requestAdapter(gpu: GPU): Promise<GPUAdapter | null> {
  try {
    return await gpu.requestAdapter({ powerPreference: "high-performance" });
  } catch (error) {
    throw new FailureError({
      place: "webgpu",
      problem: messageOf(error),
      fix: "set PHASESWEEP_WEBGPU_ADAPTER to the name of an adapter that is listed, or unset it",
    });
  }
}

async function loadWebGpu(load: LoadPackage): Promise<WebGpuPackage> {
  try {
    return (await load(PACKAGE)) as WebGpuPackage;
  } catch (error) {
    throw missingPackage(PACKAGE, error);
  }
}

/** Why an optional package does not load. */
export function missingPackage(name: string, error: unknown): FailureError {
  const { code, message } = error as NodeJS.ErrnoException;
  const absent = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  return new FailureError({
    place: name,
    problem: absent ? "the package is not installed" : `does not load: ${message.split("\n")[0]}`,
    fix: absent
      ? `it is optional, and npm leaves it out where it cannot be had: \`npm install ${name}\` shows why`
      : `\`npm rebuild ${name}\` shows more`,
  });
}
