import { join } from "node:path";
import { sleep } from "../../shared/clock.ts";
import { FailureError, messageOf, UsageError } from "../../shared/errors.ts";
import type { Plan } from "../../shared/plan.ts";
import { type Range, size, subtract, union } from "../../shared/ranges.ts";
import { planCells } from "../../shared/work_plan.ts";
import type { StoredPart } from "../observer.ts";
import { RESULTS_FILE } from "../results/merge.ts";
import { readPlan } from "../results/metadata.ts";
import type { PartPiece } from "../results/pieces.ts";
import type { FailedRange, SweepState } from "../state/state.ts";
import { isOver } from "../sweeps/sweep_watch.ts";
import { CellStates } from "./cell_states.ts";
import { findPieces } from "./committed_rows.ts";
import { withDuckDb } from "./duck_db.ts";
import { BoundaryBook } from "./live_boundaries.ts";
import { applyPart, loadCommitted, loadMerged, phasesOfBytes } from "./load_cells.ts";
import { CELL, type CellsChange, type LiveBoundaries, type SweepPlan } from "./messages.ts";
import { type PlanAxes, planAxes, whyNoMap } from "./plan_axes.ts";
import { summarizePlan } from "./plan_summary.ts";
import { Slices } from "./slices.ts";
import type { ViewSource } from "./view_source.ts";

/** Changes of cells are told together at most this often. */
const CELLS_MS = 250;
/** Boundaries are told at most this often, and the less often the more groups there are. */
const BOUNDARIES_MS = 2_000;
const BOUNDARIES_GROUP_MS = 1;
const ATTEMPTS = 40;
const AGAIN_MS = 250;
/** Cells that are looked at in one go. */
const COUNTED_CELLS = 2 ** 20;

interface ViewOptions {
  readonly source: ViewSource;
  readonly version: string;
  readonly sweep: () => SweepState | undefined;
  /** Whether anybody listens. */
  readonly isFollowed: () => boolean;
  readonly onCells: (change: CellsChange) => void;
  readonly onBoundaries: (boundaries: LiveBoundaries) => void;
}

/**
 * The cells of one sweep in one numbering of them: that of the work plan until it is merged, that of
 * the plan afterwards. Where they come to be numbered otherwise, or are not there any more, another
 * view takes its place.
 */
export class SweepView {
  readonly version: string;
  readonly name: string;
  /** The numbering is the merged file's, and the scheduler's is another. */
  readonly isRenumbered: boolean;
  private readonly options: ViewOptions;
  private readonly source: ViewSource;
  /** The plan in whose cells the scheduler leases. */
  private readonly work: Plan;
  private numbered: Promise<Plan> | undefined;
  private summary: Promise<SweepPlan> | undefined;
  private axesOfPlan: Promise<PlanAxes | null> | undefined;
  private whyNoMap: string | null | undefined;
  private loading: Promise<CellStates> | undefined;
  private states: CellStates | undefined;
  private book: BoundaryBook | undefined;
  private isLoaded = false;
  private hasEnded = false;
  private failures: { readonly list: readonly FailedRange[]; readonly length: number } | undefined;
  private stopFlush: (() => void) | undefined;
  private stopBoundaries: (() => void) | undefined;
  private reading = false;
  /** Cells have changed since boundaries were read. */
  private isStale = false;
  private read_ms = Number.NEGATIVE_INFINITY;
  private latest: LiveBoundaries | undefined;
  /** The boundaries that were told last are all that there will be. */
  private isFinal = false;

  constructor(options: ViewOptions) {
    const state = options.sweep()!;
    this.options = options;
    this.source = options.source;
    this.version = options.version;
    this.name = state.sweep;
    this.work = state.plan;
    this.isRenumbered = state.status === "done" && isCut(state.plan);
  }

  /** The plan in whose cells this view counts. */
  planned(): Promise<Plan> {
    this.numbered ??= this.isRenumbered
      ? withDuckDb((connection) => readPlan(connection, this.resultsPath))
      : Promise.resolve(this.work);
    this.numbered.catch(() => {
      this.numbered = undefined;
    });
    return this.numbered;
  }

  get resultsPath(): string {
    return join(this.source.storage.resultsFolder(this.name), RESULTS_FILE);
  }

  /** Whether the merged file has its cells. */
  get isMerged(): boolean {
    return this.options.sweep()?.status === "done";
  }

  summarized(): Promise<SweepPlan> {
    this.summary ??= this.summarize();
    this.summary.catch(() => {
      this.summary = undefined;
    });
    return this.summary;
  }

  /** Why there is no map; null where there is one. */
  async noMap(): Promise<string | null> {
    const plan = await this.planned();
    this.whyNoMap ??= whyNoMap(plan);
    return this.whyNoMap;
  }

  private async summarize(): Promise<SweepPlan> {
    const slices = new Slices(this.source.clock);
    const [plan, no_map] = [await this.planned(), await this.noMap()];
    return summarizePlan(plan, this.version, await this.axes(), no_map, slices);
  }

  /** Null where there is no map. */
  axes(): Promise<PlanAxes | null> {
    this.axesOfPlan ??= this.noMap().then(async (no_map) =>
      no_map === null ? planAxes(await this.planned(), new Slices(this.source.clock)) : null,
    );
    this.axesOfPlan.catch(() => {
      this.axesOfPlan = undefined;
    });
    return this.axesOfPlan;
  }

  /** The states of all cells, which change as cells come in. */
  loaded(): Promise<CellStates> {
    this.loading ??= this.load();
    this.loading.catch(() => {
      this.loading = undefined;
    });
    return this.loading;
  }

  /** The state of a cell, if it is known without a look at all of them. */
  codeOf(cell: number): number | undefined {
    return this.isLoaded ? this.states?.codes[cell] : undefined;
  }

  /** What was told last of its boundaries. */
  get boundaries(): LiveBoundaries | undefined {
    return this.latest;
  }

  stored(part: StoredPart): void {
    const { states } = this;
    // After it is merged nothing comes in that the merged file lacks.
    if (states === undefined || this.isRenumbered) return;
    const phases = phasesOfBytes(this.work, part.range, part.bytes);
    if (phases === undefined) return;
    applyPart(states, part, phases);
    this.scheduleFlush();
  }

  /** Takes note of what the scheduler's state is now; costs next to nothing where nothing changed. */
  look(): void {
    if (!this.isLoaded) return;
    const state = this.options.sweep();
    if (state === undefined) return;
    const { failures, status } = state;
    const known = this.failures;
    if (known?.list !== failures || known.length !== failures.length) this.scheduleFlush();
    if (isOver(status) && !this.isFinal) this.scheduleBoundaries(0);
  }

  /** Somebody listens from now on. */
  begin(): void {
    this.loaded().then(
      () => this.scheduleBoundaries(0),
      (error: unknown) => this.report(error),
    );
  }

  end(): void {
    this.hasEnded = true;
    this.stopFlush?.();
    this.stopBoundaries?.();
  }

  private async load(): Promise<CellStates> {
    const plan = await this.planned();
    const slices = new Slices(this.source.clock);
    return this.steadily(async (isMerged) => {
      const wanted = this.options.sweep()?.cells_done ?? 0;
      const states = new CellStates(plan.cells);
      this.states = states;
      if (isMerged) await loadMerged(this.resultsPath, states, slices);
      else await loadCommitted(this.source.storage, plan, states, slices);
      const found = await countKnown(states.codes, slices);
      if (found < wanted) throw lacking(found, wanted);
      return this.finishLoading(plan, states);
    });
  }

  /** What the journal has of some ranges, at least what the scheduler knows of. @throws Error */
  async pieces(ranges: readonly Range[]): Promise<PartPiece[]> {
    const { storage, clock } = this.source;
    const all = union(ranges, []);
    const wanted = size(all) - size(subtract(all, this.options.sweep()?.done ?? []));
    const pieces = await findPieces(storage, this.work, all, new Slices(clock));
    if (size(pieces) < wanted) throw lacking(size(pieces), wanted);
    return pieces;
  }

  /**
   * Reads cells from parts, or from the merged file. While a sweep is merged its parts go a moment
   * before that is known, so what fails is tried again for a while.
   * @throws UsageError as `read` does, FailureError
   */
  async steadily<T>(read: (isMerged: boolean) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (this.hasEnded || this.options.sweep() === undefined) throw this.gone();
      try {
        return await read(this.isMerged);
      } catch (error) {
        if (this.hasEnded) throw this.gone();
        if (error instanceof UsageError) throw error;
        if (attempt === ATTEMPTS) throw this.notRead(error);
      }
      await sleep(this.source.clock, AGAIN_MS);
    }
  }

  private async finishLoading(plan: Plan, states: CellStates): Promise<CellStates> {
    const axes = await this.axes();
    if (axes === null) throw new Error("a sweep without a map has no cells to show");
    this.book = new BoundaryBook(plan, axes, states.codes);
    this.isLoaded = true;
    this.takeFailures(states);
    // Nobody has seen the cells before.
    states.takeTouched();
    return states;
  }

  private takeFailures(states: CellStates): readonly Range[] {
    const list = this.options.sweep()?.failures ?? [];
    this.failures = { list, length: list.length };
    return states.setFailed(list.flatMap(({ range }) => this.own(range)));
  }

  /** Cells of the scheduler's in this view's numbering. */
  own(range: Range): readonly Range[] {
    return this.isRenumbered ? planCells(this.work, range) : [range];
  }

  private scheduleFlush(): void {
    if (!this.isLoaded || this.hasEnded) return;
    this.stopFlush ??= this.source.clock.after(CELLS_MS, () => this.flush());
  }

  private flush(): void {
    this.stopFlush = undefined;
    this.tellChanges();
    this.scheduleBoundaries();
  }

  private tellChanges(): void {
    const { states, book, version, name } = this;
    if (states === undefined || book === undefined) return;
    book.reset(this.takeFailures(states));
    const touched = states.takeTouched();
    if (touched.length === 0) return;
    book.touch(touched);
    this.isStale = true;
    if (!this.options.isFollowed()) return;
    this.options.onCells({ sweep: name, version, runs: states.runs(touched) });
  }

  private scheduleBoundaries(
    wait_ms = BOUNDARIES_MS + this.work.groups.length * BOUNDARIES_GROUP_MS,
  ): void {
    if (!this.isLoaded || this.hasEnded || this.reading || !this.options.isFollowed()) return;
    const due_ms = Math.max(0, this.read_ms + wait_ms - this.source.clock.nowMs());
    this.stopBoundaries ??= this.source.clock.after(due_ms, () => {
      this.stopBoundaries = undefined;
      this.readBoundaries().catch((error: unknown) => this.report(error));
    });
  }

  private async readBoundaries(): Promise<void> {
    const { book, name: sweep, version } = this;
    if (book === undefined) return;
    this.reading = true;
    this.read_ms = this.source.clock.nowMs();
    const isFinal = isOver(this.options.sweep()?.status);
    this.tellChanges();
    this.isStale = false;
    try {
      const groups = await book.read(this.isMerged, new Slices(this.source.clock));
      if (this.hasEnded) return;
      this.latest = { sweep, version, groups };
      this.isFinal = isFinal;
      this.options.onBoundaries(this.latest);
    } finally {
      this.reading = false;
    }
    if (this.isStale) this.scheduleBoundaries();
    this.look();
  }

  private report(error: unknown): void {
    // Of a view that has ended nobody wants anything.
    if (this.hasEnded) return;
    const fields = { sweep: this.name, error: messageOf(error) };
    this.source.log.error("the cells of a sweep cannot be shown", fields);
  }

  private gone(): FailureError {
    const place = `sweep ${this.name}`;
    return new FailureError({ place, problem: "its cells have changed", fix: "ask again" });
  }

  private notRead(error: unknown): FailureError {
    return new FailureError({
      place: this.source.storage.place,
      problem: `the cells of sweep ${this.name} cannot be read: ${messageOf(error)}`,
      fix: "mend the cause, and open the page again",
    });
  }
}

/** Whether the numbering of a work plan is not that of its plan. */
export function isCut({ groups }: Plan): boolean {
  return groups.some(({ split_from }) => split_from !== undefined);
}

function lacking(found: number, wanted: number): Error {
  return new Error(`${found} of ${wanted} cells are there`);
}

async function countKnown(codes: Uint8Array, slices: Slices): Promise<number> {
  let known = 0;
  for (let at = 0; at < codes.length; at += COUNTED_CELLS) {
    for (const code of codes.subarray(at, at + COUNTED_CELLS)) if (code !== CELL.open) known++;
    if (slices.isOver) await slices.next();
  }
  return known;
}
