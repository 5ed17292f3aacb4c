import { Option } from "commander";
import { SLOTS_MAX } from "../shared/limits.ts";
import { wholeNumber } from "./arguments.ts";
import { BACKEND_CHOICES } from "./backend_choice.ts";

/** Options that several commands have, and the headings in help under which options stand. */
export const ADDRESS_DEFAULT = "127.0.0.1:7070";

export const COMPUTE_GROUP = "What computes:";
export const COORDINATOR_GROUP = "Which coordinator:";
export const OUTPUT_GROUP = "Output:";
export const MONITORING_GROUP = "Logs and monitoring:";

export const json = () =>
  new Option(
    "--json",
    "print one JSON document (`phasesweep schema COMMAND` describes it), also of errors",
  ).helpGroup(OUTPUT_GROUP);

/** Of what is followed to its end. */
export const jsonProgress = () =>
  new Option(
    "--json",
    "print a JSON object a line (`phasesweep schema COMMAND` describes them): progress, then where the results are, or the error",
  ).helpGroup(OUTPUT_GROUP);

/** Of commands that print JSON in any case. */
export const jsonAnyway = () =>
  new Option("--json", "print errors as JSON too; the output is JSON in any case").helpGroup(
    OUTPUT_GROUP,
  );

export const credentials = () =>
  new Option("--credentials <dir>", "a folder that `phasesweep certs` made: keys and token")
    .env("PHASESWEEP_CREDENTIALS")
    .helpGroup(COORDINATOR_GROUP);

export const insecure = () =>
  new Option("--insecure", "without TLS and tokens also beyond this machine").helpGroup(
    COORDINATOR_GROUP,
  );

export const coordinator = () =>
  new Option(
    "--coordinator <addresses>",
    "HOST:PORT, several with commas, or file:PATH of a file that holds them",
  )
    .env("PHASESWEEP_COORDINATOR")
    .default(ADDRESS_DEFAULT)
    .helpGroup(COORDINATOR_GROUP);

export const slots = () =>
  new Option(
    "--slots <n>",
    "shards computed at the same time on the CPU by one process (default: all cores; 0: none)",
  )
    .argParser(wholeNumber(0, SLOTS_MAX))
    .helpGroup(COMPUTE_GROUP);

export const backend = () =>
  new Option(
    "--backend <name>",
    "what computes float32 cells besides the CPU; auto: every GPU that works",
  )
    .choices(BACKEND_CHOICES)
    .default("auto")
    .helpGroup(COMPUTE_GROUP);

export const devices = () =>
  new Option(
    "--devices <list>",
    "devices to use of a backend: numbers of CUDA GPUs, names of WebGPU adapters (default: all)",
  )
    .argParser((text) => text.split(","))
    .helpGroup(COMPUTE_GROUP);
