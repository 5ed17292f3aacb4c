import type { Clock } from "../../shared/clock.ts";
import type { PlannedGroup } from "../../shared/plan.ts";
import type { Observer } from "../observer.ts";
import type { TrainedCell } from "../reproduce/trained_cell.ts";
import type { Storage } from "../storage.ts";
import type {
  CellDetail,
  CellsChange,
  Failure,
  LiveBoundaries,
  Measures,
  SweepPlan,
} from "./messages.ts";

/** What a view of sweeps looks at; the scheduler's state comes by the observer. */
export interface ViewSource {
  readonly storage: Storage;
  readonly clock: Clock;
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
  ): Promise<TrainedCell>;
  close(): Promise<void>;
}

export interface SweepListener {
  cells(change: CellsChange): void;
  /** Its cells are others now: plan and cells are to be fetched again. */
  plan(version: string): void;
  boundaries(boundaries: LiveBoundaries): void;
}

/**
 * What the dashboard shows of the cells of sweeps. Costs nothing while nobody looks. Unknown sweeps,
 * groups and cells are refused with a UsageError.
 */
export class SweepViews {
  readonly observer: Observer = {};
  private readonly source: ViewSource;

  constructor(source: ViewSource) {
    this.source = source;
  }

  plan(sweep: string): Promise<SweepPlan> {
    throw this.missing(sweep);
  }

  cells(sweep: string): Promise<{ readonly version: string; readonly states: Uint8Array }> {
    throw this.missing(sweep);
  }

  /** Tells `listener` what changes from now on; the returned function ends that. */
  follow(sweep: string, listener: SweepListener): () => void {
    throw this.missing(sweep, listener);
  }

  measures(sweep: string, shape_group: string): Promise<Measures> {
    throw this.missing(sweep, shape_group);
  }

  cell(sweep: string, cell: number): Promise<CellDetail> {
    throw this.missing(sweep, cell);
  }

  failures(sweep: string): readonly Failure[] {
    throw this.missing(sweep);
  }

  async close(): Promise<void> {}

  private missing(...what: readonly unknown[]): Error {
    return new Error(`${what} of ${this.source.storage.place} cannot be viewed yet`);
  }
}
