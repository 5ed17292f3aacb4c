import { UsageError } from "../../../shared/errors.ts";
import { DASHBOARD_CELLS_MAX } from "../../../shared/limits.ts";
import type { Observer } from "../../observer.ts";
import type { UntimedEvent } from "../../state/events.ts";
import type { State, SweepState } from "../../state/state.ts";
import type { CellDetail, Failure, LiveBoundaries, Measures, SweepPlan } from "../messages.ts";
import { cellDetail } from "./cell_detail.ts";
import { failuresOf } from "./failures.ts";
import { MeasureBook } from "./measure_book.ts";
import { isCut } from "./sweep_reader.ts";
import { SweepView } from "./sweep_view.ts";
import type { SweepListener, ViewSource } from "./view_source.ts";

/** Views are kept so long after somebody last looked. */
const KEPT_MS = 5 * 60_000;
/** Cells of all views together beyond which those go that nobody follows. */
const KEPT_CELLS = 2 * DASHBOARD_CELLS_MAX;

interface KeptView {
  readonly view: SweepView;
  asked_ms: number;
}

/**
 * What the dashboard shows of the cells of sweeps. Costs nothing while nobody looks. Unknown sweeps,
 * groups and cells are refused with a UsageError.
 */
export class SweepViews {
  readonly observer: Observer;
  private readonly source: ViewSource;
  private readonly measureBook: MeasureBook;
  private readonly views = new Map<string, KeptView>();
  private readonly listeners = new Map<string, Set<SweepListener>>();
  private state: State | undefined;
  private made = 0;
  private stopCleaning: (() => void) | undefined;

  constructor(source: ViewSource) {
    this.source = source;
    this.measureBook = new MeasureBook(source);
    this.observer = {
      stepped: (event, _effects, state) => this.stepped(event, state),
      partStored: (part) => this.views.get(part.sweep)?.view.stored(part),
    };
  }

  plan(sweep: string): Promise<SweepPlan> {
    return this.ask(sweep, (view) => view.reader.summarized());
  }

  /** The states may change after that, and the changes are told: as good as told twice. */
  cells(sweep: string): Promise<{ readonly version: string; readonly states: Uint8Array }> {
    return this.ask(sweep, async (view) => {
      const no_map = await view.reader.noMap();
      if (no_map !== null) throw refusal(sweep, no_map, "look at its results");
      return { version: view.reader.version, states: (await view.loaded()).codes };
    });
  }

  /** Tells `listener` what changes from now on; the returned function ends that. */
  follow(sweep: string, listener: SweepListener): () => void {
    const view = this.viewOf(sweep);
    const listeners = this.listeners.get(sweep) ?? new Set();
    this.listeners.set(sweep, listeners.add(listener));
    const { boundaries } = view;
    if (boundaries !== undefined) queueMicrotask(() => listener.boundaries(boundaries));
    this.begin(view);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      if (this.listeners.get(sweep) === listeners) this.listeners.delete(sweep);
      const kept = this.views.get(sweep);
      if (kept !== undefined) kept.asked_ms = this.source.clock.nowMs();
    };
  }

  measures(sweep: string, shape_group: string): Promise<Measures> {
    return this.ask(sweep, (view) => this.measureBook.read(view.reader, shape_group));
  }

  cell(sweep: string, cell: number): Promise<CellDetail> {
    return this.ask(sweep, (view) =>
      cellDetail(view, cell, this.sweepOf(sweep).failures, this.source),
    );
  }

  failures(sweep: string): readonly Failure[] {
    const state = this.sweepOf(sweep);
    return failuresOf(state, (range) => this.viewOf(sweep).reader.own(range));
  }

  /** Ends all that is under way. */
  async close(): Promise<void> {
    this.stopCleaning?.();
    for (const { view } of this.views.values()) view.end();
    this.views.clear();
    this.listeners.clear();
    await this.measureBook.close();
    await this.source.curves?.close();
  }

  private stepped(event: UntimedEvent, state: State): void {
    this.state = state;
    switch (event.type) {
      case "sweep_submitted":
      case "sweep_extended":
      case "parts_gone":
        this.renew(event.sweep);
        return;
      case "sweep_removed":
        this.drop(event.sweep);
        return;
      case "sweep_merged": {
        const kept = this.views.get(event.sweep);
        // Where nothing was cut the cells keep their numbers, and nobody needs fetch them again.
        if (kept !== undefined && isCut(this.sweepOf(event.sweep).plan)) this.renew(event.sweep);
        break;
      }
    }
    for (const { view } of this.views.values()) view.look();
  }

  /** A sweep has other cells than before. */
  private renew(sweep: string): void {
    const listeners = this.listeners.get(sweep);
    this.drop(sweep);
    if (listeners === undefined) return;
    const view = this.viewOf(sweep);
    for (const listener of [...listeners]) listener.plan(view.reader.version);
    this.begin(view);
  }

  private drop(sweep: string): void {
    this.views.get(sweep)?.view.end();
    this.views.delete(sweep);
    this.measureBook.forget(sweep);
  }

  private begin(view: SweepView): void {
    view.reader.noMap().then(
      (reason) => {
        if (reason === null) view.begin();
      },
      // Whoever asks for the plan hears why.
      () => {},
    );
  }

  /** Asks a view, and another one if it came to an end meanwhile. */
  private async ask<T>(sweep: string, question: (view: SweepView) => Promise<T>): Promise<T> {
    for (;;) {
      const view = this.viewOf(sweep);
      try {
        const answer = await question(view);
        if (this.isCurrent(view)) return answer;
      } catch (error) {
        if (this.isCurrent(view)) throw error;
      }
    }
  }

  /** Nobody else has taken its place. */
  private isCurrent(view: SweepView): boolean {
    const kept = this.views.get(view.reader.name);
    return kept === undefined || kept.view === view;
  }

  private viewOf(sweep: string): SweepView {
    const now_ms = this.source.clock.nowMs();
    const kept = this.views.get(sweep);
    if (kept !== undefined) {
      kept.asked_ms = now_ms;
      return kept.view;
    }
    this.sweepOf(sweep);
    const tell =
      <T>(how: (listener: SweepListener, news: T) => void) =>
      (news: T) => {
        for (const listener of [...(this.listeners.get(sweep) ?? [])]) how(listener, news);
      };
    const view = new SweepView({
      source: this.source,
      version: `${this.source.storage.journal.epoch}-${++this.made}`,
      sweep: () => this.state?.sweeps.get(sweep),
      isFollowed: () => this.listeners.has(sweep),
      onCells: tell((listener, change) => listener.cells(change)),
      onBoundaries: tell((listener, found: LiveBoundaries) => listener.boundaries(found)),
    });
    this.makeRoom(cellsOf(view));
    this.views.set(sweep, { view, asked_ms: now_ms });
    this.scheduleCleaning();
    return view;
  }

  /** @throws UsageError */
  private sweepOf(sweep: string): SweepState {
    const state = this.state?.sweeps.get(sweep);
    if (state !== undefined) return state;
    throw refusal(sweep, "there is no such sweep here", "`phasesweep status` lists those that are");
  }

  /** Lets go what nobody follows, the longest unasked first, where views would hold too many cells. */
  private makeRoom(wanted: number): void {
    const idle = [...this.views].filter(([sweep]) => !this.listeners.has(sweep));
    idle.sort(([, a], [, b]) => a.asked_ms - b.asked_ms);
    let cells = wanted;
    for (const { view } of this.views.values()) cells += cellsOf(view);
    for (const [sweep, { view }] of idle) {
      if (cells <= KEPT_CELLS) return;
      cells -= cellsOf(view);
      this.drop(sweep);
    }
  }

  private scheduleCleaning(): void {
    this.stopCleaning ??= this.source.clock.after(KEPT_MS, () => {
      this.stopCleaning = undefined;
      const until_ms = this.source.clock.nowMs() - KEPT_MS;
      for (const [sweep, { asked_ms }] of this.views) {
        if (asked_ms <= until_ms && !this.listeners.has(sweep)) this.drop(sweep);
      }
      if (this.views.size > 0) this.scheduleCleaning();
    });
  }
}

/** Those that it keeps once they are asked for. */
function cellsOf({ reader: { work } }: SweepView): number {
  return work.cells <= DASHBOARD_CELLS_MAX ? work.cells : 0;
}

function refusal(sweep: string, problem: string, fix: string): UsageError {
  return new UsageError({ place: `sweep ${sweep}`, problem, fix });
}
