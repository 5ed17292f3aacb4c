import { Argument, type Command, Option } from "commander";
import { BACKENDS } from "../shared/numeric_class.ts";
import { hostAndPort } from "./arguments.ts";
import { completionScript, SHELLS, type Shell } from "./completion/shell_scripts.ts";
import { SCHEMA_NAMES, type SchemaName, schemaOf } from "./documents/documents.ts";
import { environmentVariables } from "./environment_variables.ts";
import {
  ADDRESS_DEFAULT,
  COMPUTE_GROUP,
  COORDINATOR_GROUP,
  credentials,
  insecure,
  json,
  jsonAnyway,
} from "./options.ts";

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
    .description("print what this machine can run and why not the rest, and what is in the way")
    .option("--results <dir>", "folder that results are to be written to", "results")
    .addOption(
      new Option("--listen <host:port>", "address at which a coordinator is to listen")
        .argParser(hostAndPort)
        .default(hostAndPort(ADDRESS_DEFAULT), ADDRESS_DEFAULT),
    )
    .addOption(
      new Option("--backend <name>", "what is to compute float32 cells")
        .choices(BACKENDS)
        .helpGroup(COMPUTE_GROUP),
    )
    .addOption(
      new Option("--coordinator <addresses>", "a coordinator that is to be reached")
        .env("PHASESWEEP_COORDINATOR")
        .helpGroup(COORDINATOR_GROUP),
    )
    .addOption(credentials())
    .addOption(insecure())
    .addOption(json())
    .addHelpText(
      "after",
      `
Examples:
  phasesweep doctor
  phasesweep doctor --coordinator node1:7070 --credentials credentials/work`,
    )
    .action(async (options, command: Command) => {
      const { doctorCommand } = await import("./commands/doctor.ts");
      const named = new Set(
        (["results", "listen"] as const).filter(
          (name) => command.getOptionValueSource(name) === "cli",
        ),
      );
      const variables = environmentVariables(program);
      process.exitCode = await doctorCommand({ ...options, named, variables });
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
