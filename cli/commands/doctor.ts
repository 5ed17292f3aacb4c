import { availableParallelism } from "node:os";
import { packageVersion } from "../../shared/package_info.ts";
import { CPU_ENGINES, numericClasses } from "../../worker/engine/engines.ts";
import { probeTfjsGpu } from "../../worker/engine/tfjs_gpu.ts";

/** Prints what this machine can run, and why not the rest. */
export async function doctorCommand({ json }: { readonly json?: boolean }): Promise<void> {
  const gpu = await probeTfjsGpu();
  const report = {
    phasesweep: packageVersion,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu_slots: availableParallelism(),
    numeric_classes: numericClasses(CPU_ENGINES),
    tfjs_node_gpu: gpu,
  };
  if (json) {
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  process.stdout.write(
    `phasesweep ${report.phasesweep} on Node ${report.node}, ${report.platform}\n` +
      `CPU         ready: ${report.cpu_slots} slots, classes ${report.numeric_classes.join(", ")}\n` +
      `CUDA GPU    ${gpu.usable ? `ready: ${gpu.detail}` : `not usable: ${gpu.detail}`}\n`,
  );
}
