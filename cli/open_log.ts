import { Option } from "commander";
import { afterUnheld, systemClock } from "../shared/clock.ts";
import { EXIT_FAILURE, EXIT_USAGE, messageOf, UsageError } from "../shared/errors.ts";
import {
  LOG_FORMATS,
  LOG_LEVELS,
  type Log,
  type LogFormat,
  type LogLevel,
  makeLog,
} from "../shared/log.ts";
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

/** Runs a command whose failure is a line of its log too, where lines are objects. */
export async function withFailuresLogged(
  { logFormat }: LogOptions,
  log: Log,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (logFormat !== "json") throw error;
    log.error(messageOf(error));
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
  }
}

/** The arguments that give a child process the same log. */
export function logArgs({ logFormat, logLevel }: LogOptions): string[] {
  return ["--log-format", logFormat, "--log-level", logLevel];
}
