import { Argument, type Command } from "commander";
import { SCHEMA_NAMES, type SchemaName, schemaOf } from "./documents/documents.ts";
import { json, jsonAnyway } from "./options.ts";

/** Commands about phasesweep itself and the machine that it is on. */
export function addToolCommands(program: Command): void {
  program
    .command("schema")
    .description("print the JSON Schema of sweep files, or of what a command prints with --json")
    .addArgument(
      new Argument("[of]", "sweep files, the document of a command, of errors or of progress")
        .choices(SCHEMA_NAMES)
        .default("sweep"),
    )
    .addOption(jsonAnyway())
    .addHelpText(
      "after",
      `
Examples:
  phasesweep schema > sweep.schema.json
  phasesweep schema run`,
    )
    .action((of: SchemaName) => {
      process.stdout.write(`${JSON.stringify(schemaOf(of), null, 2)}\n`);
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
