import { abilitiesWanted, canGive } from "../state/abilities.ts";
import type { SweepState, WorkerState } from "../state/state.ts";

/**
 * What a sweep waits for that no worker can compute, in words, with what to do about it; empty where
 * there is nothing of the kind, or nobody at all.
 */
export function missingAbilities(sweep: SweepState, workers: Iterable<WorkerState>): string {
  const there = [...workers].filter(({ connected, draining }) => connected && !draining);
  if (there.length === 0) return "";
  const missing = abilitiesWanted(sweep).filter(
    (ability) => !there.some((worker) => canGive(worker, ability)),
  );
  const kernels = new Set(there.flatMap(({ kernel_versions }) => kernel_versions));
  const lines: string[] = [];
  const classes = missing.filter(({ kernel_version }) => kernels.has(kernel_version));
  if (classes.length > 0) {
    const names = [...new Set(classes.map(({ numeric_class }) => numeric_class))].join(", ");
    lines.push(`no worker computes ${names}; \`phasesweep worker --backend\` adds one that does`);
  }
  const versions = new Set(missing.map(({ kernel_version }) => kernel_version));
  const gone = [...versions].filter((version) => !kernels.has(version));
  if (gone.length > 0) {
    const releases = [...new Set(there.map(({ version }) => version))].join(", ");
    lines.push(
      `its cells are of kernel version ${gone.join(" and ")}, and the workers (phasesweep ${releases}) have ${[...kernels].join(" and ")}: start workers of the release that it began with, or cancel it and submit it anew under another name`,
    );
  }
  return lines.join("; ");
}
