import { Option } from "commander";
import { SLOTS_MAX } from "../shared/limits.ts";
import { wholeNumber } from "./arguments.ts";
import { BACKEND_CHOICES } from "./backend_choice.ts";

/** Options that several commands have. */
export const ADDRESS_DEFAULT = "127.0.0.1:7070";

export const json = () => new Option("--json", "print JSON for machines");

export const credentials = () =>
  new Option("--credentials <dir>", "a folder that `phasesweep certs` made: keys and token").env(
    "PHASESWEEP_CREDENTIALS",
  );

export const insecure = () =>
  new Option("--insecure", "without TLS and tokens also beyond this machine");

export const coordinator = () =>
  new Option(
    "--coordinator <addresses>",
    "HOST:PORT, several with commas, or file:PATH of a file that holds them",
  )
    .env("PHASESWEEP_COORDINATOR")
    .default(ADDRESS_DEFAULT);

export const slots = () =>
  new Option(
    "--slots <n>",
    "shards computed at the same time on the CPU by one process (default: all cores; 0: none)",
  ).argParser(wholeNumber(0, SLOTS_MAX));

export const backend = () =>
  new Option(
    "--backend <name>",
    "what computes float32 cells besides the CPU; auto: every GPU that works",
  )
    .choices(BACKEND_CHOICES)
    .default("auto");

export const devices = () =>
  new Option(
    "--devices <list>",
    "devices to use of a backend: numbers of CUDA GPUs, names of WebGPU adapters (default: all)",
  ).argParser((text) => text.split(","));
