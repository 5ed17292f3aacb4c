import { shellWord } from "../../shared/shell_word.ts";
import { arraySizeMax } from "./arrays.ts";
import { type Fleet, fleetFiles, JOB_ROLES, type JobRole } from "./fleet.ts";
import { jobScript } from "./job_script.ts";

/** The scripts that would be written and the commands that would be run. */
export function dryRun(fleet: Fleet, json: boolean): string {
  const tasks = { coordinator: 1, cpu: fleet.cpuTasks, gpu: fleet.gpuTasks };
  const roles = JOB_ROLES.filter((role) => tasks[role] > 0);
  const scripts = roles.map((role) => ({
    path: fleetFiles(fleet.results).script(role),
    text: jobScript(role, fleet),
  }));
  const commands = roles.flatMap((role) => commandsOf(role, fleet, tasks[role]));
  if (json) return `${JSON.stringify({ scripts, commands }, null, 2)}\n`;
  const texts = scripts.map(({ path, text }) => `${path}:\n\n${text.replace(/^(?=.)/gm, "  ")}`);
  const note = "Where MaxArraySize is another than Slurm's own, arrays are of that size.";
  return `${texts.join("\n")}\n${commands.join("\n")}\n${note}\n`;
}

function commandsOf(role: JobRole, fleet: Fleet, tasks: number): string[] {
  const script = shellWord(fleetFiles(fleet.results).script(role));
  if (role === "coordinator") return [`sbatch --parsable ${script}`];
  const most = arraySizeMax("");
  return Array.from({ length: Math.ceil(tasks / most) }, (_, i) => {
    const some = Math.min(most, tasks - i * most);
    return `sbatch --parsable --array=0-${some - 1} --dependency=after:COORDINATOR ${script}`;
  });
}
