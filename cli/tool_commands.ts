import { Argument, type Command } from "commander";
import { completionScript, SHELLS, type Shell } from "./completion/shell_scripts.ts";
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

  program
    .command("completion")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  echo 'source <(phasesweep completion bash)' >> ~/.bashrc
  echo 'source <(phasesweep completion zsh)' >> ~/.zshrc
  phasesweep completion fish > ~/.config/fish/completions/phasesweep.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell));
    });

  program
    .command("complete", { hidden: true })
    .argument("[words...]")
    .action(async (words: string[]) => {
      const { completeCommand } = await import("./commands/complete.ts");
      await completeCommand(program, words);
    });
}
