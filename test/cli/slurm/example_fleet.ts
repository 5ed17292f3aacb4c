import type { Fleet } from "../../../cli/slurm/fleet.ts";

/** The fleet of the scripts in deploy/slurm, which are for people who start jobs by hand. */
export const EXAMPLE_FLEET: Fleet = {
  id: "sweep",
  results: "/shared/phasesweep/sweep",
  phasesweep: "phasesweep",
  prologue: ["module load nodejs"],
  cpuTasks: 100,
  gpuTasks: 4,
  cpusPerTask: 4,
  gres: "gpu:1",
  partitions: {},
  time: "4:00:00",
  sbatch: [],
  insecure: false,
  keep: false,
};
