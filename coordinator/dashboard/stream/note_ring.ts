import type { Clock } from "../../../shared/clock.ts";
import { NOTES_MAX } from "../../../shared/limits.ts";
import { LOG_LEVELS, type Log, type LogLevel, makeLog } from "../../../shared/log.ts";
import type { Note } from "../messages.ts";

/**
 * The last lines of a log, as a dashboard shows them. What is held back and escaped in a log is so
 * here: it is a log that is kept in place of being written.
 */
export class NoteRing {
  readonly log: Log;
  /** Lines so far; each line has the number that this was then. */
  count = 0;
  private readonly lines: Note[] = [];

  constructor(
    clock: Pick<Clock, "wallMs" | "nowMs">,
    later: (delay_ms: number, action: () => void) => void,
  ) {
    this.log = makeLog({
      ...{ format: "json", level: "info", colour: false, clock, later },
      write: (line) => this.add(line),
    });
  }

  /** The lines from this number on, as far as they are kept. */
  since(number: number): Note[] {
    const kept = this.lines.length;
    return this.lines.slice(Math.max(0, kept - Math.max(0, this.count - number)));
  }

  private add(line: string): void {
    const { time, level, message, ...fields } = JSON.parse(line) as Record<string, string> & {
      readonly level: LogLevel;
    };
    this.lines.push({ at_ms: Date.parse(time!), level, message: message!, fields });
    if (this.lines.length > NOTES_MAX) this.lines.shift();
    this.count++;
  }
}

/** Says everything to both. */
export function bothLogs(one: Log, other: Log): Log {
  const at = (level: LogLevel): [LogLevel, Log[LogLevel]] => [
    level,
    (message, fields) => {
      one[level](message, fields);
      other[level](message, fields);
    },
  ];
  return Object.fromEntries(LOG_LEVELS.map(at)) as Record<LogLevel, Log[LogLevel]>;
}
