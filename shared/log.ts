import type { Clock } from "./clock.ts";
import { LOG_BURST_LINES, LOG_BURST_MS, LOG_FIELD_CHARS_MAX } from "./limits.ts";
import type { Range } from "./ranges.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What a line is about. The names that are written out mean the same in every line. */
export interface LogFields {
  readonly sweep?: string | undefined;
  /** A range of cells, as shardText gives it. */
  readonly shard?: string | undefined;
  readonly lease?: string | undefined;
  readonly worker?: string | undefined;
  readonly host?: string | undefined;
  /** Address of whoever is on the other end of a connection. */
  readonly peer?: string | undefined;
  readonly error?: string | undefined;
  readonly [other: string]: string | number | undefined;
}

/**
 * Writes lines for operators. What varies goes into the fields, so that lines of one message can be
 * counted, found and held back together.
 */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

/** Says nothing. */
export const NO_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };

export interface LogOptions {
  readonly format: LogFormat;
  /** The least level that is written. */
  readonly level: LogLevel;
  /** In text, levels above info get a colour. */
  readonly colour: boolean;
  readonly clock: Pick<Clock, "wallMs" | "nowMs">;
  /** Calls `action` after a time, unless the process has ended before. */
  readonly later: (delay_ms: number, action: () => void) => void;
  readonly write: (line: string) => void;
}

/** Lines of one message since its window began. */
interface Burst {
  readonly began_ms: number;
  lines: number;
  heldBack: number;
}

/**
 * A log. Of one message LOG_BURST_LINES are written in LOG_BURST_MS; the others are counted, and their number
 * is written when that time is over: ten thousand workers that come at once are no flood.
 */
export function makeLog(options: LogOptions): Log {
  const { clock, level: least, later } = options;
  const bursts = new Map<string, Burst>();
  const write = (level: LogLevel, message: string, fields: LogFields) =>
    options.write(`${formatLine(options, level, message, fields)}\n`);

  const log = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
    const now_ms = clock.nowMs();
    let burst = bursts.get(message);
    if (burst === undefined || now_ms - burst.began_ms >= LOG_BURST_MS) {
      const begun = { began_ms: now_ms, lines: 0, heldBack: 0 };
      bursts.set(message, begun);
      burst = begun;
      later(LOG_BURST_MS, () => {
        if (bursts.get(message) === begun) bursts.delete(message);
        if (begun.heldBack > 0) write(level, message, { held_back: begun.heldBack });
      });
    }
    if (++burst.lines > LOG_BURST_LINES) burst.heldBack++;
    else write(level, message, fields);
  };
  const at = (level: LogLevel) => (message: string, fields?: LogFields) =>
    log(level, message, fields);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Cells of a sweep as people count them: the first and the last. */
export function shardText({ first, end }: Range): string {
  return `${first}..${end - 1}`;
}

const COLOURS: Readonly<Partial<Record<LogLevel, string>>> = {
  warn: "\u001b[33m",
  error: "\u001b[31m",
};
const COLOUR_OFF = "\u001b[0m";

function formatLine(
  { format, colour, clock }: LogOptions,
  level: LogLevel,
  message: string,
  fields: LogFields,
): string {
  const time = new Date(clock.wallMs()).toISOString();
  const given = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === "string" ? cut(value) : value] as const],
  );
  if (format === "json") {
    return escapeControls(
      JSON.stringify({ time, level, message: cut(message), ...Object.fromEntries(given) }),
    );
  }
  const words = given.map(([name, value]) => `${name}=${quoted(value)}`);
  const label = level === "info" ? "" : `${level}: `;
  const line = escapeControls([`${time} ${label}${cut(message)}`, ...words].join(" "));
  const on = colour ? COLOURS[level] : undefined;
  return on === undefined ? line : `${on}${line}${COLOUR_OFF}`;
}

function cut(text: string): string {
  return text.length <= LOG_FIELD_CHARS_MAX ? text : `${text.slice(0, LOG_FIELD_CHARS_MAX)}…`;
}

function quoted(value: string | number): string {
  if (typeof value === "number") return String(value);
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/**
 * What could begin a line, move a terminal's cursor or turn the direction of writing, whoever chose
 * it: C0 and C1 controls, line separators, marks of direction.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is to find
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escapeControls(line: string): string {
  return line.replace(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
