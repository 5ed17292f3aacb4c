import type { Plan } from "../../shared/plan.ts";
import type { Range } from "../../shared/ranges.ts";
import type { FailedRange } from "./state.ts";

/** What can happen to the scheduler. `now_ms` is the coordinator's monotonic clock. */
export type Event = { readonly now_ms: number } & (
  | {
      readonly type: "sweep_submitted";
      readonly sweep: string;
      readonly plan: Plan;
      /** What the journal knows of it from before a restart. */
      readonly done: readonly Range[];
      readonly phases: readonly number[];
      readonly shards_committed: number;
      readonly merged: boolean;
      /** Cells that a merged sweep lacks. */
      readonly failures: readonly FailedRange[];
    }
  | {
      readonly type: "worker_registered";
      readonly worker: string;
      readonly host: string;
      readonly slots: number;
      readonly numeric_classes: readonly string[];
      readonly held: readonly HeldLease[];
    }
  /** Its stream broke. `certain`: its process is known to be dead, so nothing will come back. */
  | { readonly type: "worker_lost"; readonly worker: string; readonly certain: boolean }
  | {
      readonly type: "leases_renewed";
      readonly worker: string;
      readonly leases: readonly { readonly lease: string; readonly cells_done: number }[];
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
    }
  | { readonly type: "duplicate_compared"; readonly sweep: string; readonly mismatch: boolean }
  | { readonly type: "sweep_merged"; readonly sweep: string }
  | { readonly type: "merge_failed"; readonly sweep: string; readonly error: string }
  | { readonly type: "tick" }
);

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

/** What the shell is to do. Order within one step matters. */
export type Effect =
  | {
      readonly type: "send_lease";
      readonly worker: string;
      readonly lease: string;
      readonly sweep: string;
      readonly range: Range;
    }
  | { readonly type: "send_cancel"; readonly worker: string; readonly lease: string }
  /** Make the part durable, journal `ranges` of it as committed, then report part_stored. */
  | { readonly type: "store_part"; readonly part: ArrivedPart; readonly ranges: readonly Range[] }
  /** All of it is committed already: compare, then report duplicate_compared. */
  | { readonly type: "compare_duplicate"; readonly part: ArrivedPart }
  /** It belongs to a sweep that is not there. */
  | { readonly type: "refuse_part"; readonly part: ArrivedPart; readonly reason: string }
  | { readonly type: "merge"; readonly sweep: string }
  | { readonly type: "sweep_changed"; readonly sweep: string };
