import type { Plan } from "../../shared/plan.ts";
import type { Range } from "../../shared/ranges.ts";
import type { SweepProgress } from "./progress.ts";
import type { FailedRange } from "./state.ts";

/** What can happen to the scheduler. `now_ms` is the coordinator's monotonic clock. */
export type Event = { readonly now_ms: number } & (
  | {
      readonly type: "sweep_submitted";
      readonly sweep: string;
      readonly plan: Plan;
      readonly before: SweepBefore;
    }
  /** What it has calls for more cells, which follow its last one. */
  | {
      /** More cells behind the last one; `progress` has those of them that were there already. */
      readonly type: "sweep_extended";
      readonly sweep: string;
      readonly plan: Plan;
      readonly progress: SweepProgress;
    }
  /** Another one takes its place. */
  | { readonly type: "sweep_removed"; readonly sweep: string }
  | {
      /** Somebody wants the sweep to run, to wait, or to end. */
      readonly type: "sweep_controlled";
      readonly sweep: string;
      readonly control: SweepControl;
      readonly priority: number;
    }
  | {
      readonly type: "worker_registered";
      readonly worker: string;
      readonly host: string;
      /** Its release. */
      readonly version: string;
      readonly slots: number;
      readonly numeric_classes: readonly string[];
      readonly kernel_versions: readonly number[];
      readonly held: readonly HeldLease[];
    }
  /** Its stream broke; its process may live. */
  | { readonly type: "worker_lost"; readonly worker: string }
  /**
   * Its process is known to be dead, so nothing will come back. `crashed`: it was not killed, but
   * died of what it did.
   */
  | {
      readonly type: "worker_died";
      readonly worker: string;
      readonly how: string;
      readonly crashed: boolean;
    }
  | {
      readonly type: "leases_renewed";
      readonly worker: string;
      readonly leases: readonly {
        readonly lease: string;
        readonly cells_done: number;
        /** 0 before the first cells. */
        readonly cells_per_ms: number;
      }[];
    }
  | {
      readonly type: "leases_released";
      readonly worker: string;
      readonly leases: readonly string[];
    }
  | {
      readonly type: "shard_failed";
      readonly worker: string;
      readonly lease: string;
      readonly error: string;
    }
  | { readonly type: "worker_draining"; readonly worker: string }
  | { readonly type: "part_arrived"; readonly part: ArrivedPart }
  | { readonly type: "part_stored"; readonly part: ArrivedPart; readonly ranges: readonly Range[] }
  | {
      readonly type: "part_not_stored";
      readonly part: ArrivedPart;
      readonly ranges: readonly Range[];
      readonly error: string;
      /** The storage is gone: there is nothing to wait for. */
      readonly for_good: boolean;
    }
  /** Cells of a part were there already; so many of them were not bit for bit the same. */
  | { readonly type: "duplicate_compared"; readonly sweep: string; readonly mismatches: number }
  | {
      /** Files of committed parts are not there any more; `progress` is what is left. */
      readonly type: "parts_gone";
      readonly sweep: string;
      readonly ranges: readonly Range[];
      readonly progress: SweepProgress;
    }
  | { readonly type: "sweep_merged"; readonly sweep: string }
  /** What its cells need is not there any more. */
  | { readonly type: "cannot_go_on"; readonly sweep: string; readonly error: string }
  | { readonly type: "merge_failed"; readonly sweep: string; readonly error: string }
  | { readonly type: "tick" }
);

/** An event before the shell stamps it with the time. */
export type UntimedEvent = Event extends infer E
  ? E extends Event
    ? Omit<E, "now_ms">
    : never
  : never;

/** What the journal knows of a sweep from before. */
export interface SweepBefore {
  readonly done: readonly Range[];
  readonly phases: readonly number[];
  readonly shards_committed: number;
  readonly merged: boolean;
  /** Cells that a merged sweep lacks. */
  readonly failures: readonly FailedRange[];
  readonly duplicates: number;
  /** Cells that were computed twice and differed. */
  readonly mismatches: number;
  readonly control: SweepControl;
  readonly priority: number;
}

export const NOTHING_BEFORE: SweepBefore = {
  done: [],
  phases: [0, 0, 0, 0],
  shards_committed: 0,
  merged: false,
  failures: [],
  duplicates: 0,
  mismatches: 0,
  control: "running",
  priority: 0,
};

export type SweepControl = "running" | "paused" | "cancelled";

export interface HeldLease {
  readonly lease: string;
  readonly sweep: string;
  readonly range: Range;
}

/** A part whose bytes are all here and match their sha256; `id` is how the shell finds them. */
export interface ArrivedPart {
  readonly id: number;
  readonly worker: string;
  readonly lease: string;
  readonly sweep: string;
  readonly range: Range;
  readonly phases: readonly number[];
  readonly compute_ms: number;
}

/** How a lease ends without a result; outcomes.ts says what follows from each. */
export type LeaseOutcome = "given_back" | "lost" | "crashed" | "failed";

/** What the shell is to do. Order within one step matters. */
export type Effect =
  | {
      readonly type: "send_lease";
      readonly worker: string;
      readonly lease: string;
      readonly sweep: string;
      readonly range: Range;
      /** The lease that has these cells too, if this is a second copy. */
      readonly copy_of?: string;
    }
  | { readonly type: "send_cancel"; readonly worker: string; readonly lease: string }
  /** The lease is now of its first `cells` cells only. */
  | {
      readonly type: "send_shrink";
      readonly worker: string;
      readonly lease: string;
      readonly cells: number;
    }
  /** The worker is to leave. */
  | { readonly type: "send_goodbye"; readonly worker: string; readonly reason: string }
  /** Make the part durable, journal `ranges` of it as committed, then report part_stored. */
  | { readonly type: "store_part"; readonly part: ArrivedPart; readonly ranges: readonly Range[] }
  /** Cells of it are committed already: compare them, then report duplicate_compared. */
  | {
      readonly type: "compare_duplicate";
      readonly part: ArrivedPart;
      readonly numeric_class: string;
    }
  /** Nothing of it is new. */
  | { readonly type: "drop_part"; readonly part: ArrivedPart }
  /** It belongs to a sweep that is not there. */
  | { readonly type: "refuse_part"; readonly part: ArrivedPart; readonly reason: string }
  /** A lease ended without its result; nothing is to be done, but counted and told. */
  | {
      readonly type: "lease_ended";
      readonly outcome: LeaseOutcome;
      readonly worker: string;
      readonly lease: string;
      readonly sweep: string;
      readonly range: Range;
      /** What happened to it. */
      readonly why: string;
      /** What becomes of its cells: leased again, in halves, or nobody is to try them again. */
      readonly then: "again" | "halved" | "given_up";
    }
  | { readonly type: "merge"; readonly sweep: string }
  | { readonly type: "sweep_changed"; readonly sweep: string };
