import type { Clock } from "../../../shared/clock.ts";
import type { Log } from "../../../shared/log.ts";
import type { PlannedGroup } from "../../../shared/plan.ts";
import type { TrainedCell } from "../../reproduce/trained_cell.ts";
import type { Storage } from "../../storage.ts";
import type { CellsChange, LiveBoundaries } from "../messages.ts";

/** What a view of sweeps looks at; the scheduler's state comes by the observer. */
export interface ViewSource {
  readonly storage: Storage;
  readonly clock: Clock;
  /** Told what cannot be shown where nobody has asked for it. */
  readonly log: Log;
  /** Trains cells again for their curves; without it there are those that sweeps recorded. */
  readonly curves?: CurveEngine;
}

/** What trains one cell again; engines belong to workers, so the command line brings one along. */
export interface CurveEngine {
  /** `group`: with a trajectory of every step. @throws Error that says why it cannot */
  train(
    group: PlannedGroup,
    start: { readonly seed: number; readonly learning_rate: number },
    results_folder: string,
  ): Promise<TrainedCurve>;
  close(): Promise<void>;
}

export interface TrainedCurve {
  /** What it was trained in: the cell's own class if that can be had. */
  readonly numeric_class: string;
  readonly cell: TrainedCell;
}

export interface SweepListener {
  cells(change: CellsChange): void;
  /** Its cells are others now: plan and cells are to be fetched again. */
  plan(version: string): void;
  boundaries(boundaries: LiveBoundaries): void;
}
