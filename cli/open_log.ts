import { Option } from "commander";
import { afterUnheld, systemClock } from "../shared/clock.ts";
import { messageOf } from "../shared/errors.ts";
import {
  LOG_FORMATS,
  LOG_LEVELS,
  type Log,
  type LogFormat,
  type LogLevel,
  makeLog,
} from "../shared/log.ts";
import { explainFailure, printFailure } from "./failure/explain_failure.ts";
import { MONITORING_GROUP } from "./options.ts";

export interface LogOptions {
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
}

export const logFormat = () =>
  new Option("--log-format <format>", "what is written to standard error: lines, or JSON objects")
    .choices(LOG_FORMATS)
    .default("text")
    .helpGroup(MONITORING_GROUP);

export const logLevel = () =>
  new Option("--log-level <level>", "the least level that is written")
    .choices(LOG_LEVELS)
    .default("info")
    .helpGroup(MONITORING_GROUP);

/** The log of this process, on standard error. */
export function openLog({ logFormat, logLevel }: LogOptions): Log {
  return makeLog({
    format: logFormat,
    level: logLevel,
    colour: process.stderr.isTTY === true && (process.env["NO_COLOR"] ?? "") === "",
    clock: systemClock,
    later: afterUnheld,
    write: (line) => process.stderr.write(line),
  });
}

/** Runs a command whose failure is a line of its log too, where lines are objects; with --json also the last of its output. */
export async function withFailuresLogged(
  { logFormat, json }: LogOptions & { readonly json?: boolean },
  log: Log,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (logFormat !== "json") throw error;
    log.error(messageOf(error));
    if (json) printFailure(error);
    return explainFailure(error).exit_code;
  }
}

/** The arguments that give a child process the same log. */
export function logArgs({ logFormat, logLevel }: LogOptions): string[] {
  return ["--log-format", logFormat, "--log-level", logLevel];
}
