import type { Command } from "commander";
import { ADAPTER_VARIABLE } from "../worker/device/backends.ts";

/** Read by no option of a command. */
const OTHERS: readonly string[] = [ADAPTER_VARIABLE, "PHASESWEEP_DEBUG"];

/** The environment variables of ours that something reads. */
export function environmentVariables(program: Command): string[] {
  const options = program.commands.flatMap((command) => command.options);
  const own = options.map(({ envVar }) => envVar).filter((name) => name !== undefined);
  return [...new Set([...own, ...OTHERS])].toSorted();
}
