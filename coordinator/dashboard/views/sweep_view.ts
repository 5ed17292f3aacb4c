import { messageOf } from "../../../shared/errors.ts";
import type { Range } from "../../../shared/ranges.ts";
import type { StoredPart } from "../../observer.ts";
import type { FailedRange, SweepState } from "../../state/state.ts";
import { isOver } from "../../sweeps/sweep_watch.ts";
import type { CellsChange, LiveBoundaries } from "../messages.ts";
import type { CellStates } from "./cell_states.ts";
import { BoundaryBook } from "./live_boundaries.ts";
import { applyPart, phasesOfBytes } from "./load_cells.ts";
import { Once } from "./once.ts";
import { Slices } from "./slices.ts";
import { SweepReader } from "./sweep_reader.ts";
import type { ViewSource } from "./view_source.ts";

/** Changes of cells are told together at most this often. */
const CELLS_MS = 250;
/** Boundaries are told at most this often, and the less often the more groups there are. */
const BOUNDARIES_MS = 2_000;
const BOUNDARIES_GROUP_MS = 1;

interface ViewOptions {
  readonly source: ViewSource;
  readonly version: string;
  readonly sweep: () => SweepState | undefined;
  /** Whether anybody listens. */
  readonly isFollowed: () => boolean;
  readonly onCells: (change: CellsChange) => void;
  readonly onBoundaries: (boundaries: LiveBoundaries) => void;
}

/** What is known of the cells of one sweep, in one numbering, from when somebody first looks. */
export class SweepView {
  readonly reader: SweepReader;
  private readonly options: ViewOptions;
  private readonly source: ViewSource;
  private readonly loading = new Once(() => this.load());
  private states: CellStates | undefined;
  /** There once all states are known. */
  private book: BoundaryBook | undefined;
  private failures: { readonly list: readonly FailedRange[]; readonly length: number } | undefined;
  private stopFlush: (() => void) | undefined;
  private stopBoundaries: (() => void) | undefined;
  private isReading = false;
  private read_ms = Number.NEGATIVE_INFINITY;
  /** Cells have changed since boundaries were read. */
  private isStale = true;
  private latest: LiveBoundaries | undefined;
  /** The boundaries that were told last are all that there will be. */
  private isFinal = false;

  constructor(options: ViewOptions) {
    this.options = options;
    this.source = options.source;
    this.reader = new SweepReader(options.source, options.version, options.sweep);
  }

  /** The states of all cells, which change as cells come in. */
  loaded(): Promise<CellStates> {
    return this.loading.get();
  }

  /** The state of a cell, if it is known without a look at all of them. */
  codeOf(cell: number): number | undefined {
    return this.book === undefined ? undefined : this.states?.codes[cell];
  }

  /** What was told last of its boundaries. */
  get boundaries(): LiveBoundaries | undefined {
    return this.latest;
  }

  stored(part: StoredPart): void {
    const { states, reader } = this;
    // After it is merged nothing comes in that the merged file lacks.
    if (states === undefined || reader.isRenumbered) return;
    const phases = phasesOfBytes(reader.work, part.range, part.bytes);
    if (phases === undefined) return;
    applyPart(states, part, phases);
    this.scheduleFlush();
  }

  /** Takes note of what the scheduler's state is now; costs next to nothing where nothing changed. */
  look(): void {
    const state = this.options.sweep();
    if (this.book === undefined || state === undefined) return;
    const { failures, status } = state;
    const known = this.failures;
    if (known?.list !== failures || known.length !== failures.length) this.scheduleFlush();
    if (isOver(status) && !this.isFinal) this.scheduleBoundaries(0);
  }

  /** Somebody listens from now on. */
  begin(): void {
    this.loaded().then(
      () => {
        if (this.isStale) this.scheduleBoundaries(0);
      },
      (error: unknown) => this.report(error),
    );
  }

  end(): void {
    this.reader.hasEnded = true;
    this.stopFlush?.();
    this.stopBoundaries?.();
  }

  private async load(): Promise<CellStates> {
    const { reader } = this;
    const states = await reader.load((begun) => {
      this.states = begun;
    });
    const axes = await reader.axes();
    if (axes === null) throw new Error("a sweep without a map has no cells to show");
    this.book = new BoundaryBook(await reader.planned(), axes, states.codes);
    this.takeFailures(states);
    // Nobody has seen the cells before.
    states.takeTouched();
    return states;
  }

  private takeFailures(states: CellStates): readonly Range[] {
    const list = this.options.sweep()?.failures ?? [];
    this.failures = { list, length: list.length };
    return states.setFailed(list.flatMap(({ range }) => this.reader.own(range)));
  }

  private scheduleFlush(): void {
    if (this.book === undefined || this.reader.hasEnded) return;
    this.stopFlush ??= this.source.clock.after(CELLS_MS, () => {
      this.stopFlush = undefined;
      this.tellCells();
      this.scheduleBoundaries();
    });
  }

  private tellCells(): void {
    const { states, book } = this;
    const { version, name: sweep } = this.reader;
    if (states === undefined || book === undefined) return;
    book.reset(this.takeFailures(states));
    const touched = states.takeTouched();
    if (touched.length === 0) return;
    book.touch(touched);
    this.isStale = true;
    if (!this.options.isFollowed()) return;
    this.options.onCells({ sweep, version, runs: states.runs(touched) });
  }

  private scheduleBoundaries(
    wait_ms = BOUNDARIES_MS + this.reader.work.groups.length * BOUNDARIES_GROUP_MS,
  ): void {
    if (this.book === undefined || this.isReading || this.reader.hasEnded) return;
    if (!this.options.isFollowed()) return;
    const due_ms = Math.max(0, this.read_ms + wait_ms - this.source.clock.nowMs());
    this.stopBoundaries ??= this.source.clock.after(due_ms, () => {
      this.stopBoundaries = undefined;
      this.readBoundaries().catch((error: unknown) => this.report(error));
    });
  }

  private async readBoundaries(): Promise<void> {
    const { book, reader } = this;
    if (book === undefined) return;
    this.isReading = true;
    this.read_ms = this.source.clock.nowMs();
    const isFinal = isOver(this.options.sweep()?.status);
    this.tellCells();
    this.isStale = false;
    try {
      const groups = await book.read(reader.isMerged, new Slices(this.source.clock));
      if (reader.hasEnded) return;
      this.latest = { sweep: reader.name, version: reader.version, groups };
      this.options.onBoundaries(this.latest);
    } finally {
      this.isFinal = isFinal;
      this.isReading = false;
    }
    if (this.isStale) this.scheduleBoundaries();
    this.look();
  }

  private report(error: unknown): void {
    // Of a view that has ended nobody wants anything.
    if (this.reader.hasEnded) return;
    const fields = { sweep: this.reader.name, error: messageOf(error) };
    this.source.log.error("the cells of a sweep cannot be shown", fields);
  }
}
