import type {
  FleetChange,
  Hello,
  LiveBoundaries,
  Note,
  StreamEvents,
  SweepSummary,
  WorkerSummary,
} from "../../messages.ts";

/** Lines of operators that the page keeps. */
const NOTES_MAX = 200;

/** How the page stands with a coordinator; `reason` is what it, or the browser, says of it. */
export interface Connection {
  readonly state: "connecting" | "live" | "reconnecting" | "standby" | "signed_out" | "asleep";
  readonly reason: string;
}

/** What the stream has told so far; never changed, replaced by `reduce`. */
export interface PageState {
  readonly connection: Connection;
  readonly hello: Hello | null;
  /** Newest first. */
  readonly sweeps: ReadonlyMap<string, SweepSummary>;
  readonly totals: FleetChange["totals"] | null;
  readonly workers: ReadonlyMap<string, WorkerSummary>;
  /** Newest last. */
  readonly notes: readonly Note[];
  /** Of the sweep watched. */
  readonly boundaries: LiveBoundaries | null;
  /** What the next event of the kind replaces, as it is of another connection. */
  readonly stale: ReadonlySet<"sweeps" | "fleet" | "notes">;
}

export const NOTHING_YET: PageState = {
  connection: { state: "connecting", reason: "" },
  hello: null,
  sweeps: new Map(),
  totals: null,
  workers: new Map(),
  notes: [],
  boundaries: null,
  stale: new Set(),
};

/** An event of the stream with its name. */
export type NamedEvent = {
  [Name in keyof StreamEvents]: { readonly name: Name; readonly data: StreamEvents[Name] };
}[keyof StreamEvents];

/** The state after an event. Cells and plans are not for here: see SweepData. */
export function reduce(state: PageState, event: NamedEvent): PageState {
  switch (event.name) {
    case "hello":
      // What is shown stays until the new connection has said it anew.
      return {
        ...state,
        connection: { state: "live", reason: "" },
        hello: event.data,
        stale: new Set(["sweeps", "fleet", "notes"]),
      };
    case "sweeps":
      return {
        ...state,
        sweeps: withSweeps(state.stale.has("sweeps") ? new Map() : state.sweeps, event.data),
        stale: without(state.stale, "sweeps"),
      };
    case "removed": {
      const sweeps = new Map(state.sweeps);
      for (const name of event.data) sweeps.delete(name);
      return { ...state, sweeps };
    }
    case "boundaries":
      return { ...state, boundaries: event.data };
    case "fleet":
      return {
        ...state,
        totals: event.data.totals,
        workers: withWorkers(state.stale.has("fleet") ? new Map() : state.workers, event.data),
        stale: without(state.stale, "fleet"),
      };
    case "notes": {
      const earlier = state.stale.has("notes") ? [] : state.notes;
      const notes = [...earlier, ...event.data].slice(-NOTES_MAX);
      return { ...state, notes, stale: without(state.stale, "notes") };
    }
    case "goodbye":
      return { ...state, connection: { state: "reconnecting", reason: event.data.reason } };
    case "cells":
    case "plan":
      return state;
  }
}

export function withConnection(state: PageState, connection: Connection): PageState {
  const { state: kind, reason } = state.connection;
  if (kind === connection.state && reason === connection.reason) return state;
  return { ...state, connection };
}

/** A sweep that was not there yet is the newest. */
function withSweeps(
  known: ReadonlyMap<string, SweepSummary>,
  changed: readonly SweepSummary[],
): ReadonlyMap<string, SweepSummary> {
  const added = changed.filter(({ sweep }) => !known.has(sweep));
  const all = new Map(added.map((each) => [each.sweep, each]));
  for (const [name, each] of known) all.set(name, each);
  for (const each of changed) all.set(each.sweep, each);
  return all;
}

function withWorkers(
  known: ReadonlyMap<string, WorkerSummary>,
  { workers, left }: FleetChange,
): ReadonlyMap<string, WorkerSummary> {
  if (workers.length === 0 && left.length === 0) return known;
  const all = new Map(known);
  for (const each of workers) all.set(each.worker, each);
  for (const name of left) all.delete(name);
  return all;
}

function without<T>(set: ReadonlySet<T>, member: T): ReadonlySet<T> {
  if (!set.has(member)) return set;
  const rest = new Set(set);
  rest.delete(member);
  return rest;
}
