import type { Command } from "commander";
import { sweepJsonSchema } from "../shared/spec/schema.ts";
import { json } from "./options.ts";

/** Commands about phasesweep itself and the machine that it is on. */
export function addToolCommands(program: Command): void {
  program
    .command("schema")
    .description("print the JSON Schema of sweep files")
    .action(() => {
      process.stdout.write(`${JSON.stringify(sweepJsonSchema(), null, 2)}\n`);
    });

  program
    .command("doctor")
    .description("print what this machine can run, and why not the rest")
    .addOption(json())
    .action(async (options) => {
      const { doctorCommand } = await import("./commands/doctor.ts");
      await doctorCommand(options);
    });
}
