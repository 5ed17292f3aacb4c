import { readdirSync } from "node:fs";
import { systemClock } from "../shared/clock.ts";
import { messageOf, UsageError } from "../shared/errors.ts";
import { BACKENDS, type Backend } from "../shared/numeric_class.ts";
import { ADAPTER_VARIABLE, BACKEND_PACKAGES } from "../worker/device/backends.ts";
import { DEVICE_HANG_MS, DEVICE_SCRIPT } from "../worker/device/device_pool.ts";
import { DeviceProcess } from "../worker/device/device_process.ts";
import type { DeviceAbout } from "../worker/device/messages.ts";
import { missingPackage } from "../worker/device/webgpu.ts";
import type { BackendChoice } from "./backend_choice.ts";

/** Backends that compute in processes of their own; wasm computes on the threads of the CPU. */
export const PROCESS_BACKENDS: readonly Backend[] = BACKENDS.filter((name) => name !== "wasm");

/** Whether a backend can be used here, and what it computes on or why it cannot. */
export interface BackendProbe {
  readonly backend: Backend;
  readonly about: DeviceAbout | undefined;
  readonly detail: string;
}

/** Opens a backend's device in a process of its own, and closes it again. */
export async function probeBackend(backend: Backend): Promise<BackendProbe> {
  const missing = missingPackageOf(backend);
  if (missing !== undefined) return { backend, about: undefined, detail: missing };
  const [device] = deviceProcesses(backend, undefined, () => {}).slice(0, 1);
  try {
    const about = await device!.open();
    return { backend, about, detail: about.name };
  } catch (error) {
    return { backend, about: undefined, detail: messageOf(error) };
  } finally {
    device!.close();
  }
}

/** Why a backend cannot be had for want of a package: told without starting a process. */
function missingPackageOf(backend: Backend): string | undefined {
  const name = BACKEND_PACKAGES[backend];
  if (name === undefined) return undefined;
  try {
    import.meta.resolve(name);
    return undefined;
  } catch (error) {
    return missingPackage(name, error).message;
  }
}

/**
 * The device backends that `--backend` means on this machine. `auto` passes over devices that are
 * software, as the CPU's own engines are faster; where a batch system has assigned GPUs and none works,
 * `note` hears why. @throws UsageError if the one named is unusable
 */
export async function usableBackends(
  choice: BackendChoice,
  note: (line: string) => void = () => {},
): Promise<Backend[]> {
  if (choice === "wasm") return [];
  if (choice !== "auto") {
    const { about, detail } = await probeBackend(choice);
    if (about !== undefined) return [choice];
    throw new UsageError({
      place: `--backend ${choice}`,
      problem: detail.split("\n")[0]!,
      fix: "`phasesweep doctor` shows the backends of this machine; --backend auto takes the best one",
    });
  }
  const probes = await Promise.all(PROCESS_BACKENDS.map(probeBackend));
  const usable = probes
    .filter(({ about }) => about !== undefined && !about.isSoftware)
    .map(({ backend }) => backend);
  const assigned = assignedGpus(process.env);
  if (usable.length === 0 && assigned !== undefined) {
    const why = probes.map(({ backend, about, detail }) =>
      about === undefined ? detail.split("\n")[0] : `${backend}: ${about.name} is software`,
    );
    note(
      `CUDA_VISIBLE_DEVICES is '${assigned.join(",")}', but no device works here, so the CPU computes: ${why.join("; ")}`,
    );
  }
  return usable;
}

/** The GPUs that a batch system has given to this process, as it names them. */
export function assignedGpus(env: NodeJS.ProcessEnv): readonly string[] | undefined {
  return env["CUDA_VISIBLE_DEVICES"]?.split(",");
}

/** A process for each device of a backend: those of `--devices`, those assigned, or all there are. */
export function deviceProcesses(
  backend: Backend,
  devices: readonly string[] | undefined,
  note: (line: string) => void,
  died?: () => void,
): DeviceProcess[] {
  const chosen = devices ?? (backend === "cuda" ? assignedGpus(process.env) : undefined);
  return deviceEnvironments(backend, chosen, cudaGpus()).map(
    (env, slot) =>
      new DeviceProcess({
        ...{ backend, slot, env, note, died },
        clock: systemClock,
        script: DEVICE_SCRIPT,
        hang_ms: DEVICE_HANG_MS,
      }),
  );
}

/**
 * What each device's process has in its environment so that it sees that device alone. Devices are
 * numbers of CUDA GPUs, or names of WebGPU adapters.
 */
export function deviceEnvironments(
  backend: Backend,
  devices: readonly string[] | undefined,
  cuda_gpus: number,
): Record<string, string>[] {
  if (backend === "cuda") {
    const all = Array.from({ length: Math.max(1, cuda_gpus) }, (_, i) => String(i));
    return (devices ?? all).map((device) => ({
      CUDA_VISIBLE_DEVICES: device,
      // TF32 would round the factors of products to 10 bits.
      NVIDIA_TF32_OVERRIDE: "0",
    }));
  }
  if (backend === "webgpu" && devices !== undefined) {
    return devices.map((device) => ({ [ADAPTER_VARIABLE]: device }));
  }
  return [{}];
}

/** GPUs that NVIDIA's driver has on this machine. */
function cudaGpus(): number {
  try {
    return readdirSync("/proc/driver/nvidia/gpus").length;
  } catch {
    return 0;
  }
}
