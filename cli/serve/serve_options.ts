import type { LogOptions } from "../open_log.ts";
import type { MonitorOptions } from "./coordinator_monitor.ts";

/** What `phasesweep serve` is told. */
export interface ServeOptions extends LogOptions, MonitorOptions {
  readonly results: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** A PostgreSQL database for the journal; without it that is in the results folder. */
  readonly journal?: string;
  /** Silence of the active coordinator after which a standby takes over. */
  readonly takeoverSeconds: number;
  /** A file that says where this coordinator is. */
  readonly endpointFile?: string;
  /** What it says there, if not what follows from `listen`. */
  readonly advertise?: { readonly host: string; readonly port: number };
  /** Other machines can write to the folder too, and may run a coordinator on it. */
  readonly sharedResults?: boolean;
  /** A file that says how all sweeps ended; the coordinator then leaves. */
  readonly untilDone?: string;
  /** How long a shard should compute. */
  readonly shardSeconds: number;
  /** How long a worker may be silent before its work is given to others. */
  readonly leaseSeconds: number;
  /** Prints a JSON object a line. */
  readonly json?: boolean;
}
