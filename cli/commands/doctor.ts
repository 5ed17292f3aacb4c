import { availableParallelism } from "node:os";
import { packageVersion } from "../../shared/package_info.ts";
import { CPU_ENGINES, numericClasses } from "../../worker/engine/engines.ts";
import { type BackendProbe, PROCESS_BACKENDS, probeBackend } from "../devices.ts";

/** Backends whose code has met only a stand-in for the library so far. */
const NEVER_RUN: readonly string[] = ["cuda", "node"];

/** Prints what this machine can run, and why not the rest. */
export async function doctorCommand({ json }: { readonly json?: boolean }): Promise<void> {
  const probes = await Promise.all(PROCESS_BACKENDS.map(probeBackend));
  const report = {
    phasesweep: packageVersion,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu_slots: availableParallelism(),
    numeric_classes: numericClasses(CPU_ENGINES),
    backends: probes.map(({ backend, about, detail }) => ({
      backend,
      usable: about !== undefined,
      detail,
      software: about?.isSoftware ?? null,
      numeric_classes: about?.numeric_classes ?? [],
      ever_run_on_the_real_library: !NEVER_RUN.includes(backend),
    })),
  };
  if (json) {
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  process.stdout.write(
    [
      `phasesweep ${report.phasesweep} on Node ${report.node}, ${report.platform}`,
      `CPU     ready: ${report.cpu_slots} slots, classes ${report.numeric_classes.join(", ")}`,
      ...probes.map(backendText),
      "",
    ].join("\n"),
  );
}

function backendText({ backend, about, detail }: BackendProbe): string {
  const software = about?.isSoftware ? ", which computes on the CPU: `auto` passes it over" : "";
  const state =
    about === undefined
      ? `not usable: ${detail.replaceAll("\n", "\n        ")}`
      : `ready: ${about.name}${software}; classes ${about.numeric_classes.join(", ")}`;
  const untried = NEVER_RUN.includes(backend)
    ? "\n        this loader has never run on the real library"
    : "";
  return `${backend.padEnd(8)}${state}${untried}`;
}
