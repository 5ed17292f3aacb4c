import { type Command, Option } from "commander";
import { CERTIFICATE_DAYS_MAX, PRIORITY_MAX, SLOTS_MAX, WORKERS_MAX } from "../shared/limits.ts";
import { BACKENDS } from "../shared/numeric_class.ts";
import { ROLES } from "../shared/security/roles.ts";
import { hostAndPort, positiveNumber, wholeNumber } from "./arguments.ts";
import { http } from "./http_options.ts";
import { logFormat, logLevel } from "./open_log.ts";
import {
  ADDRESS_DEFAULT,
  backend,
  coordinator,
  credentials,
  devices,
  insecure,
  json,
  slots,
} from "./options.ts";

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
        "--takeover-seconds <s>",
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
    .addOption(http())
    .addOption(logFormat())
    .addOption(logLevel())
    .addOption(
      new Option("--shard-seconds <s>", "how long a shard should compute")
        .argParser(positiveNumber)
        .default(20),
    )
    .addOption(
      new Option("--lease-seconds <s>", "silence of a worker after which others get its work")
        .argParser(positiveNumber)
        .default(30),
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
    .addOption(http())
    .addOption(logFormat())
    .addOption(logLevel())
    .addOption(new Option("--supervised").hideHelp())
    .addOption(new Option("--quiet").hideHelp())
    .action(async (options) => {
      const { workerCommand } = await import("./commands/worker.ts");
      process.exitCode = await workerCommand(options);
    });

  program
    .command("submit")
    .description("hand a sweep to a coordinator")
    .argument("<sweep>", "sweep file (YAML)")
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .option("--watch", "follow the sweep until it ends")
    .addOption(
      new Option(
        "--priority <n>",
        "sweeps of a higher priority are leased first (default: 0)",
      ).argParser(wholeNumber(-PRIORITY_MAX, PRIORITY_MAX)),
    )
    .addOption(json())
    .action(async (sweep, options) => {
      const { submitCommand } = await import("./commands/submit.ts");
      await submitCommand(sweep, options);
    });

  for (const [name, control, description] of [
    ["pause", "paused", "lease nothing more of a sweep until it is resumed"],
    ["resume", "running", "go on with a sweep that was paused or cancelled"],
    [
      "cancel",
      "cancelled",
      "end a sweep; what is committed is kept, and submitting it again goes on",
    ],
  ] as const) {
    program
      .command(name)
      .description(description)
      .argument("<name>", "name of the sweep")
      .addOption(coordinator())
      .addOption(credentials())
      .addOption(insecure())
      .addOption(json())
      .action(async (sweep, options) => {
        const { controlCommand } = await import("./commands/control.ts");
        await controlCommand(sweep, { control }, options);
      });
  }

  program
    .command("prioritize")
    .description("change the priority of a sweep: higher ones are leased first")
    .argument("<name>", "name of the sweep")
    .argument(
      "<priority>",
      `−${PRIORITY_MAX} to ${PRIORITY_MAX}`,
      wholeNumber(-PRIORITY_MAX, PRIORITY_MAX),
    )
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .addOption(json())
    .action(async (sweep, priority, options) => {
      const { controlCommand } = await import("./commands/control.ts");
      await controlCommand(sweep, { priority }, options);
    });

  program
    .command("status")
    .description("print the sweeps and workers of a coordinator")
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .addOption(json())
    .action(async (options) => {
      const { statusCommand } = await import("./commands/status.ts");
      await statusCommand(options);
    });

  program
    .command("health")
    .description("ask whether a coordinator serves, for probes: exit code 0 if so, else 1")
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .option("--live", "ask whether the process answers at all, as a standby does")
    .addOption(
      new Option("--timeout <s>", "give up after so long").argParser(positiveNumber).default(5),
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
}

function addSlurmCommand(program: Command): void {
  const several = (value: string, before: readonly string[]) => [...before, value];
  program
    .command("slurm")
    .description("compute a sweep on a Slurm cluster: start its jobs, follow it, and end them")
    .argument("<sweep>", "sweep file (YAML)")
    .option(
      "--results <dir>",
      "folder on a file system that all nodes share (default: results/NAME)",
    )
    .addOption(
      new Option("--cpu-tasks <n>", "workers that compute on cores")
        .argParser(wholeNumber(0, WORKERS_MAX))
        .default(4),
    )
    .addOption(
      new Option("--gpu-tasks <n>", "workers that have GPUs, too")
        .argParser(wholeNumber(0, WORKERS_MAX))
        .default(0),
    )
    .addOption(
      new Option("--cpus-per-task <n>", "cores of each worker")
        .argParser(wholeNumber(1, SLOTS_MAX))
        .default(4),
    )
    .option("--gres <list>", "what each GPU task asks for", "gpu:1")
    .option("--partition <name>", "partition of all jobs, unless they have one of their own")
    .option("--coordinator-partition <name>", "partition of the coordinator")
    .option("--gpu-partition <name>", "partition of the GPU tasks")
    .option("--time <limit>", "time limit of each job, as sbatch takes it; jobs go on in the next")
    .option("--mem <size>", "memory of each job, as sbatch takes it")
    .option("--account <name>", "account of all jobs")
    .option("--qos <name>", "quality of service of all jobs")
    .addOption(
      new Option("--sbatch <option>", "one more option of sbatch, as --sbatch=--constraint=avx512")
        .argParser(several)
        .default([], "none"),
    )
    .addOption(
      new Option("--modules <name>", "a module to load in each job, such as nodejs")
        .argParser(several)
        .default([], "none"),
    )
    .addOption(
      new Option("--prologue <line>", "a line of shell that each job runs first")
        .argParser(several)
        .default([], "none"),
    )
    .option(
      "--phasesweep <command>",
      "how phasesweep is started on nodes (default: this Node.js and this installation)",
    )
    .option("--journal <url>", "a journal in PostgreSQL in place of SQLite in the folder")
    .addOption(insecure())
    .option("--keep", "leave the jobs running when the sweep is done")
    .option("--cancel", "end the jobs of this folder")
    .option("--dry-run", "print scripts and commands; run and write nothing")
    .addOption(json())
    .addHelpText(
      "after",
      `
The folder has the jobs' logs and scripts, and credentials that only its owner can read. Started
again for the same folder, it follows the jobs that are there and starts those that are missing.
Examples:
  phasesweep slurm SWEEP.yaml --results /shared/me/sweep --cpu-tasks 100 --time 4:00:00
  phasesweep slurm SWEEP.yaml --gpu-tasks 4 --gpu-partition gpu --modules nodejs
  phasesweep slurm SWEEP.yaml --cancel`,
    )
    .action(async (sweep, options) => {
      const { slurmCommand } = await import("./commands/slurm.ts");
      process.exitCode = await slurmCommand(sweep, options);
    });
}
