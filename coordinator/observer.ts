import type { Range } from "../shared/ranges.ts";
import type { Effect, UntimedEvent } from "./state/events.ts";
import type { State } from "./state/state.ts";

/** Looks on, for metrics and logs: what it does changes nothing, and is to take next to no time. */
export interface Observer {
  /** The scheduler has taken an event; `state` is what it is now. */
  stepped?(event: UntimedEvent, effects: readonly Effect[], state: State): void;
  /** A group of parts went to the disk and into the journal together, or could not. */
  groupStored?(group: StoredGroup): void;
  /** Cells of a part are durable and in the journal; the scheduler hears of it next. */
  partStored?(stored: StoredPart): void;
  /** Whoever handed in a part was answered. */
  partSettled?(part: SettledPart): void;
  /** A merge ended; `error` where it failed. */
  merged?(sweep: string, merge_ms: number, error?: string): void;
  /** A registration was refused. */
  refused?(refusal: RefusedSession): void;
}

export interface StoredGroup {
  readonly parts: number;
  readonly bytes: number;
  /** Writing the files of parts and syncing them. */
  readonly files_ms: number;
  /** The transaction of the journal. */
  readonly journal_ms: number;
  readonly error?: string | undefined;
}

export interface StoredPart {
  readonly sweep: string;
  /** The cells of its rows, and those of them that it is the first to bring. */
  readonly range: Range;
  readonly accepted: readonly Range[];
  readonly bytes: Uint8Array;
}

export interface SettledPart {
  readonly bytes: number;
  readonly outcome: "committed" | "duplicate" | "refused" | "torn" | "retry";
  /** From its last byte to the answer. */
  readonly waited_ms: number;
  /** How much later than now its worker says to have begun with it: positive where a clock is wrong. */
  readonly ahead_ms: number;
  readonly reason?: string | undefined;
  readonly worker: string;
  readonly host: string;
  readonly sweep: string;
  readonly lease: string;
}

export interface RefusedSession {
  readonly reason: string;
  readonly worker?: string | undefined;
  readonly host?: string | undefined;
  /** Its address, as the transport gives it. */
  readonly peer?: string | undefined;
}

/** Several observers as one. */
export function observers(...all: readonly Observer[]): Observer {
  return {
    stepped(event, effects, state) {
      for (const one of all) one.stepped?.(event, effects, state);
    },
    groupStored(...args) {
      for (const one of all) one.groupStored?.(...args);
    },
    partStored(...args) {
      for (const one of all) one.partStored?.(...args);
    },
    partSettled(...args) {
      for (const one of all) one.partSettled?.(...args);
    },
    merged(...args) {
      for (const one of all) one.merged?.(...args);
    },
    refused(...args) {
      for (const one of all) one.refused?.(...args);
    },
  };
}
