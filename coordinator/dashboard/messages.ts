/**
 * What the dashboard's page and the coordinator say to each other over HTTP: the page imports these
 * types and nothing else of the coordinator. Times are milliseconds, moments since 1970.
 *
 *   GET  /api/stream?sweep=NAME&fleet=1   StreamEvents, as server-sent events; both are optional
 *   GET  /api/plan?sweep=NAME             SweepPlan
 *   GET  /api/cells?sweep=NAME            one byte a cell (CELL); header X-Plan-Version
 *   GET  /api/measures?sweep=NAME&shape_group=ID   Measures
 *   GET  /api/cell?sweep=NAME&cell=N      CellDetail
 *   GET  /api/failures?sweep=NAME         Failure[]
 *   GET  /api/worker?worker=NAME          WorkerDetail
 *   GET  /api/report?sweep=NAME           the report, as HTML
 *   POST /api/check                       SubmitBody → Checked
 *   POST /api/submit                      SubmitBody → Submission
 *   POST /api/control                     ControlBody → SweepSummary
 *
 * Whatever is refused comes with a status from 400 on and Refusal as its body.
 */

/** What is known of a cell: its phase once it is committed. */
export const CELL = {
  open: 0,
  lazy: 1,
  catapult: 2,
  divergent: 3,
  unsettled: 4,
  /** It could not be computed; its story is among the failures. */
  failed: 5,
} as const;

export type CellCode = (typeof CELL)[keyof typeof CELL];

/** Why something is refused, and what helps, as on the command line. */
export interface Refusal {
  readonly error: string;
}

/** The events of /api/stream by name; each comes as one JSON text. */
export interface StreamEvents {
  /** The first of every connection. */
  readonly hello: Hello;
  /** After `hello` all sweeps, newest first; then those that changed. */
  readonly sweeps: readonly SweepSummary[];
  /** Names of sweeps that are gone. */
  readonly removed: readonly string[];
  /** Cells of the sweep watched that are known now. */
  readonly cells: CellsChange;
  /** The sweep watched has other cells than before: its plan and cells are to be fetched again. */
  readonly plan: { readonly sweep: string; readonly version: string };
  /** Boundaries of the sweep watched, every few seconds while cells come in, and once at its end. */
  readonly boundaries: LiveBoundaries;
  /** With fleet=1: all workers after `hello`, then those that changed. Its totals always. */
  readonly fleet: FleetChange;
  /** What operators are told: the last lines after `hello`, then new ones. */
  readonly notes: readonly Note[];
  /** This coordinator ends or leads no more; connect again. */
  readonly goodbye: { readonly reason: string };
}

export interface Hello {
  readonly version: string;
  /** What the reader may do here. */
  readonly may_submit: boolean;
  /** `run` has one sweep, and the page then nothing to submit. */
  readonly single_sweep: boolean;
  /** Which start of a coordinator on its journal this is: another one after a failover. */
  readonly epoch: number;
  readonly host: string;
  readonly now_ms: number;
}

export type SweepState = "running" | "paused" | "merging" | "done" | "failed" | "cancelled";

export interface SweepSummary {
  readonly sweep: string;
  readonly description: string;
  readonly state: SweepState;
  readonly priority: number;
  readonly cells: number;
  readonly cells_done: number;
  /** Trained, and not handed in. */
  readonly cells_in_flight: number;
  /** Cells that could not be computed. */
  readonly cells_failed: number;
  readonly cells_per_second: number;
  /** null while it cannot be known. */
  readonly eta_ms: number | null;
  readonly phases: {
    readonly lazy: number;
    readonly catapult: number;
    readonly divergent: number;
    readonly unsettled: number;
  };
  readonly shards_committed: number;
  readonly duplicates: number;
  readonly mismatches: number;
  readonly mismatch_reports: readonly string[];
  /** What holds it up at present; empty where nothing does. */
  readonly trouble: string;
  /** Why it failed, or what its results lack; empty otherwise. */
  readonly error: string;
  readonly results_folder: string;
  /** Of results.parquet; empty before it is there. */
  readonly results_sha256: string;
}

/** What a sweep's cells are. In `first_cell + row · rates + column`, rows are seeds, columns rates. */
export interface SweepPlan {
  readonly sweep: string;
  readonly description: string;
  readonly version: string;
  readonly cells: number;
  /** Coverage of intervals. */
  readonly confidence: number;
  /** Why there is no map (too many cells, as the limit says); null where there is one. */
  readonly no_map: string | null;
  readonly groups: readonly GroupSummary[];
  /** Learning rates of groups, each list once, in the order of the cells (not always ascending). */
  readonly rate_axes: readonly (readonly number[])[];
  /** Seeds of groups, each list once. */
  readonly seed_axes: readonly (readonly number[])[];
  /** Groups that differ in one number, as planes of it and the learning rate. */
  readonly planes: readonly Plane[];
}

export interface GroupSummary {
  readonly first_cell: number;
  readonly cells: number;
  /** Indices into rate_axes and seed_axes. */
  readonly rate_axis: number;
  readonly seed_axis: number;
  /** Equal for groups of the same shape: parts of one, and what rounds added to it. */
  readonly shape_group: string;
  readonly numeric_class: string;
  readonly dataset: string;
  /** "one hidden layer", "linear predictor with bias", … */
  readonly model: string;
  readonly loss: string;
  readonly width: number | "infinite" | null;
  readonly weight_variance: number;
  /** Whether `ntk` and `hessian` are measured. */
  readonly measures: readonly ("ntk" | "hessian")[];
  /** Computed a second time in another class, to be compared; not part of a map. */
  readonly is_check: boolean;
}

export interface Plane {
  /** What all its groups have in common. */
  readonly title: string;
  /** "hidden width m", … */
  readonly parameter: string;
  readonly is_log: boolean;
  /** One a row, by ascending value: a shape group, and the number. */
  readonly rows: readonly { readonly shape_group: string; readonly value: number }[];
}

export interface CellsChange {
  readonly sweep: string;
  readonly version: string;
  /** [first cell, number of cells, CellCode] three by three. */
  readonly runs: readonly number[];
}

/** What is known of boundaries so far. Those of a sweep that is done equal boundaries.parquet. */
export interface LiveBoundaries {
  readonly sweep: string;
  readonly version: string;
  readonly groups: readonly GroupBoundaries[];
}

export interface GroupBoundaries {
  readonly shape_group: string;
  readonly seeds: number;
  readonly eta0: LiveBoundary;
  readonly eta1: LiveBoundary;
}

export interface LiveBoundary {
  /** Median over the seeds whose boundary is known; null where it lies beyond the grid, or none is. */
  readonly median: number | null;
  /** The side on which a null median lies; null where it is not known. */
  readonly beyond: "below" | "above" | null;
  /** Bootstrap interval of the median; an end beyond the grid is null. */
  readonly low: number | null;
  readonly high: number | null;
  /** Seeds whose boundary is known so far. */
  readonly seeds_known: number;
}

/** Quantities against η of one shape group, over seeds: medians and the 10 % and 90 % quantiles. */
export interface Measures {
  readonly sweep: string;
  readonly shape_group: string;
  readonly learning_rates: readonly number[];
  /** Cells behind each learning rate: those that are committed and did not diverge. */
  readonly cells: readonly number[];
  readonly curves: readonly {
    readonly quantity:
      | "ntk_initial"
      | "ntk_final"
      | "hessian_initial"
      | "hessian_final"
      | "loss_final";
    /** null where no cell counts. */
    readonly median: readonly (number | null)[];
    readonly low: readonly (number | null)[];
    readonly high: readonly (number | null)[];
  }[];
}

export interface CellDetail {
  readonly sweep: string;
  readonly cell: number;
  readonly code: CellCode;
  readonly seed: number;
  readonly learning_rate: number;
  readonly group: GroupSummary;
  /**
   * The row of the results by column, its lists left out; null before the cell is committed. Numbers
   * that are not finite are their names.
   */
  readonly row: Readonly<Record<string, number | string | boolean | null>> | null;
  /** Its training step by step; null where it cannot be had, with the reason in `no_curve`. */
  readonly curve: Curve | null;
  readonly no_curve: string | null;
  /** Why it could not be computed; null otherwise. */
  readonly failure: string | null;
  /** A command that trains it again; null before its sweep is done. */
  readonly reproduce: string | null;
}

export interface Curve {
  /** recorded: by the sweep; trained: again, just now. */
  readonly source: "recorded" | "trained";
  /** Another than its group's where nothing here trains in that: its phase may differ then. */
  readonly numeric_class: string;
  readonly steps: readonly number[];
  /** Not finite numbers are null. */
  readonly loss: readonly (number | null)[];
  /** Largest NTK eigenvalue λ and largest Hessian eigenvalue h; null where not to be had. */
  readonly ntk: readonly (number | null)[] | null;
  readonly hessian: readonly (number | null)[] | null;
}

export interface Failure {
  readonly first_cell: number;
  readonly cells: number;
  readonly error: string;
  /** Of its first cell. */
  readonly seed: number;
  readonly learning_rate: number;
  readonly dataset: string;
  readonly model: string;
  readonly loss: string;
  /** The only host that has tried them; null where several have. */
  readonly only_on: string | null;
}

export interface FleetChange {
  readonly totals: {
    readonly workers: number;
    readonly connected: number;
    readonly draining: number;
    readonly slots: number;
    readonly leases: number;
    readonly cells_per_second: number;
  };
  /** Empty without fleet=1. */
  readonly workers: readonly WorkerSummary[];
  /** Names of workers that are gone. */
  readonly left: readonly string[];
}

export interface WorkerSummary {
  readonly worker: string;
  readonly host: string;
  readonly version: string;
  readonly numeric_classes: readonly string[];
  readonly slots: number;
  readonly leases: number;
  /** Measured over the last seconds. */
  readonly cells_per_second: number;
  readonly connected: boolean;
  readonly draining: boolean;
  /** Shards that it failed and others finished. */
  readonly blame: number;
  /** Failures of it that nobody has judged yet. */
  readonly doubts: number;
}

export interface WorkerDetail extends WorkerSummary {
  readonly kernel_versions: readonly number[];
  readonly held: readonly {
    readonly lease: string;
    readonly sweep: string;
    readonly first_cell: number;
    readonly cells: number;
    readonly cells_done: number;
    /** Until it runs out without a renewal. */
    readonly left_ms: number;
    /** Another worker has the same cells too. */
    readonly has_twin: boolean;
  }[];
}

export interface Note {
  readonly at_ms: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

export interface SubmitBody {
  /** The text of a sweep file. Data sets that are read from files are taken from the CLI only. */
  readonly sweep_file: string;
  readonly priority?: number;
}

export interface Checked {
  readonly sweep: string;
  readonly cells: number;
  readonly groups: number;
  /** What would run, in words, as `phasesweep plan` says it. */
  readonly text: string;
}

export interface Submission {
  readonly sweep: string;
  readonly existing: boolean;
  readonly cells_cached: number;
  readonly notes: readonly string[];
}

export interface ControlBody {
  readonly sweep: string;
  readonly control?: "running" | "paused" | "cancelled";
  readonly priority?: number;
}
