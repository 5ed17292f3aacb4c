import { type Command, Option } from "commander";
import { CERTIFICATE_DAYS_MAX } from "../shared/limits.ts";
import { BACKENDS } from "../shared/numeric_class.ts";
import { ROLES } from "../shared/security/roles.ts";
import { hostAndPort, positiveNumber, wholeNumber } from "./arguments.ts";
import { addControlCommands } from "./control_commands.ts";
import { jsonLines } from "./event_lines.ts";
import { http, httpWithDashboard } from "./http_options.ts";
import { logFormat, logLevel } from "./open_log.ts";
import {
  ADDRESS_DEFAULT,
  backend,
  coordinator,
  credentials,
  devices,
  insecure,
  json,
  MONITORING_GROUP,
  slots,
} from "./options.ts";
import { addSlurmCommand } from "./slurm_command.ts";

/** Commands of fleets: a coordinator, its workers, and those who hand sweeps to it. */
export function addFleetCommands(program: Command): void {
  program
    .command("serve")
    .description("start a coordinator for workers on other machines")
    .option("--results <dir>", "folder for the journal and the results of all sweeps", "results")
    .addOption(
      new Option("--listen <host:port>", "address to listen on; port 0 takes a free one")
        .argParser(hostAndPort)
        .default(hostAndPort(ADDRESS_DEFAULT), ADDRESS_DEFAULT),
    )
    .addOption(credentials())
    .addOption(insecure())
    .addOption(
      new Option(
        "--journal <url>",
        "keep the journal in PostgreSQL, where other coordinators stand by: postgres://USER@HOST/DATABASE",
      ).env("PHASESWEEP_JOURNAL"),
    )
    .addOption(
      new Option(
        "--takeover-seconds <seconds>",
        "with --journal: silence of the leading coordinator after which another takes over",
      )
        .argParser(positiveNumber)
        .default(5),
    )
    .option(
      "--endpoint-file <file>",
      "write there under which address this coordinator is reached, for --coordinator file:FILE",
    )
    .addOption(
      new Option(
        "--advertise <host:port>",
        "the address to write there (default: the name of this machine and the port)",
      ).argParser(hostAndPort),
    )
    .option(
      "--shared-results",
      "the results folder is on a file system of several machines: wait while another coordinator has it",
    )
    .option(
      "--until-done <file>",
      "leave when all sweeps are over, send workers home, and write there how the sweeps ended",
    )
    .addOption(httpWithDashboard().helpGroup(MONITORING_GROUP))
    .addOption(
      new Option(
        "--advertise-http <host:port>",
        "where clients reach --http (default: its port, at the host under which they reach --listen)",
      )
        .argParser(hostAndPort)
        .helpGroup(MONITORING_GROUP),
    )
    .addOption(logFormat())
    .addOption(logLevel())
    .addOption(jsonLines())
    .addOption(
      new Option("--shard-seconds <seconds>", "how long a shard should compute")
        .argParser(positiveNumber)
        .default(20),
    )
    .addOption(
      new Option("--lease-seconds <seconds>", "silence of a worker after which others get its work")
        .argParser(positiveNumber)
        .default(30),
    )
    .addHelpText(
      "after",
      `
Examples:
  phasesweep serve
  phasesweep serve --http 127.0.0.1:9464
  phasesweep serve --listen 0.0.0.0:7070 --credentials credentials/coordinator`,
    )
    .action(async (options, command: Command) => {
      const { serveCommand } = await import("./commands/serve.ts");
      const { refusePassword } = await import("../coordinator/journal/postgres_client.ts");
      if (command.getOptionValueSource("journal") === "cli") refusePassword(options.journal);
      process.exitCode = await serveCommand(options);
    });

  program
    .command("worker")
    .description("start a worker that computes for a coordinator")
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .addOption(slots())
    .addOption(backend())
    .addOption(devices())
    .addOption(new Option("--device <backend>").choices(BACKENDS).hideHelp())
    .option("--name <name>", "name of this worker (default: host and process)")
    .addOption(
      new Option(
        "--connect-timeout <seconds>",
        "give up when the coordinator is out of reach so long",
      )
        .argParser(wholeNumber(1, 1_000_000))
        .default(300),
    )
    .addOption(
      new Option(
        "--idle-exit <seconds>",
        "leave when the coordinator has had nothing to do for so long",
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        "--walltime <minutes>",
        "drain after so long, before a batch system ends the job",
      ).argParser(positiveNumber),
    )
    .addOption(http().helpGroup(MONITORING_GROUP))
    .addOption(logFormat())
    .addOption(logLevel())
    .addOption(jsonLines())
    .addOption(new Option("--supervised").hideHelp())
    .addOption(new Option("--quiet").hideHelp())
    .addHelpText(
      "after",
      `
Examples:
  phasesweep worker
  phasesweep worker --coordinator node1:7070 --credentials credentials/work --walltime 230`,
    )
    .action(async (options) => {
      const { workerCommand } = await import("./commands/worker.ts");
      process.exitCode = await workerCommand(options);
    });

  program
    .command("health")
    .description("ask whether a coordinator serves, for probes: exit code 0 if so, else 1")
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .option("--live", "ask whether the process answers at all, as a standby does")
    .addOption(
      new Option("--timeout <seconds>", "give up after so long")
        .argParser(positiveNumber)
        .default(5),
    )
    .addOption(json())
    .addHelpText(
      "after",
      "\nExample:\n  phasesweep health --coordinator node1:7070 --credentials credentials/read",
    )
    .action(async (options) => {
      const { healthCommand } = await import("./commands/health.ts");
      process.exitCode = await healthCommand(options);
    });

  program
    .command("certs")
    .description(
      "make the private CA, certificates and tokens with which a fleet is reached by TLS",
    )
    .argument("<dir>", "folder to make, or to change")
    .addOption(
      new Option("--days <n>", "how long certificates and tokens are valid")
        .argParser(wholeNumber(1, CERTIFICATE_DAYS_MAX))
        .default(365),
    )
    .addOption(
      new Option("--renew", "new certificates, and later ends of tokens; keys stay").conflicts([
        "add",
        "revoke",
      ]),
    )
    .addOption(
      new Option("--add <role>", "add a holder with this role").choices(ROLES).conflicts("revoke"),
    )
    .option("--name <name>", "name of the holder that is added, and of its folder")
    .option("--revoke <name>", "take the rights of a holder")
    .addOption(json())
    .addHelpText(
      "after",
      `
Examples:
  phasesweep certs credentials
  phasesweep certs credentials --add work --name rack2
  phasesweep certs credentials --revoke rack2`,
    )
    .action(async (folder, options) => {
      const { certsCommand } = await import("./commands/certs.ts");
      certsCommand(folder, options);
    });

  addSlurmCommand(program);
  program.commandsGroup("Sweeps of a coordinator:");
  addControlCommands(program);
}
