import type { CellsChange, Failure, SweepPlan } from "../../messages.ts";
import { type Api, reasonOf } from "./api.ts";

/** How often plan and cells are fetched when a new version of the plan comes in between. */
const FETCHES_MAX = 5;

/** Cells from `first` on that have changed. */
export interface ChangedCells {
  readonly first: number;
  readonly count: number;
}

/** Plan and cells of the sweep that the page shows, kept as the stream tells. */
export class SweepData {
  readonly sweep: string;
  plan: SweepPlan | null = null;
  /** A CellCode a cell; empty where there is no map. */
  states = new Uint8Array();
  failures: readonly Failure[] = [];
  problem = "";
  readonly #api: Api;
  readonly #changed: (cells: readonly ChangedCells[] | null) => void;
  /** Changes that came while the cells were on their way; null when they are there. */
  #waiting: CellsChange[] | null = [];
  #load = 0;

  /** `changed` gets the cells that changed, or null when plan, cells or failures are others. */
  constructor(api: Api, sweep: string, changed: (cells: readonly ChangedCells[] | null) => void) {
    this.#api = api;
    this.sweep = sweep;
    this.#changed = changed;
  }

  /** Fetches plan and cells anew; what comes in meanwhile is applied after. */
  async load(): Promise<void> {
    const load = ++this.#load;
    this.#waiting = [];
    try {
      const found = await this.#fetch(() => load !== this.#load);
      if (found === null) return;
      this.plan = found.plan;
      this.states = found.states;
      this.problem = "";
    } catch (error) {
      if (load !== this.#load) return;
      this.problem = reasonOf(error);
    }
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const change of waiting) this.#apply(change);
    this.#changed(null);
  }

  async loadFailures(): Promise<void> {
    try {
      this.failures = await this.#api.failures(this.sweep);
    } catch {
      // The number of failures is shown all the same, and the next one asks again.
      return;
    }
    this.#changed(null);
  }

  /** Nothing that is on its way counts any more. */
  close(): void {
    this.#load++;
  }

  cellsChanged(change: CellsChange): void {
    if (change.sweep !== this.sweep) return;
    if (this.#waiting !== null) this.#waiting.push(change);
    else this.#changed(this.#apply(change));
  }

  /** Of another version are cells of another plan, which is about to be fetched. */
  #apply({ version, runs }: CellsChange): ChangedCells[] {
    if (version !== this.plan?.version || this.states.length === 0) return [];
    const changed: ChangedCells[] = [];
    for (let i = 0; i + 2 < runs.length; i += 3) {
      const first = runs[i]!;
      const count = runs[i + 1]!;
      this.states.fill(runs[i + 2]!, first, first + count);
      changed.push({ first, count });
    }
    return changed;
  }

  /** null: it counts no more. @throws RefusedError */
  async #fetch(
    isStale: () => boolean,
  ): Promise<{ plan: SweepPlan; states: Uint8Array<ArrayBuffer> } | null> {
    for (let fetches = 0; fetches < FETCHES_MAX; fetches++) {
      const plan = await this.#api.plan(this.sweep);
      if (isStale()) return null;
      if (plan.no_map !== null) return { plan, states: new Uint8Array() };
      const { version, states } = await this.#api.cells(this.sweep);
      if (isStale()) return null;
      if (version === plan.version) return { plan, states: states as Uint8Array<ArrayBuffer> };
    }
    throw new Error(
      "its cells change faster than they can be fetched; the next change tries again",
    );
  }
}
