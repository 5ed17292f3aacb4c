import { size } from "../../../shared/ranges.ts";
import type { Observer } from "../../observer.ts";
import type { State } from "../../state/state.ts";

/** Rates are over so many samples, a second each. */
const SAMPLES = 10;

interface Sample {
  readonly at_ms: number;
  /** Cells trained so far, by worker. */
  readonly cells: ReadonlyMap<string, number>;
}

/** How many cells a second each worker trains, from what it handed in and what it says to have done. */
export class FleetRates {
  readonly observer: Observer;
  private readonly handedIn = new Map<string, number>();
  private readonly samples: Sample[] = [];

  constructor() {
    this.observer = {
      stepped: (event) => {
        if (event.type !== "part_arrived") return;
        const { worker, range } = event.part;
        this.handedIn.set(worker, (this.handedIn.get(worker) ?? 0) + size([range]));
      },
    };
  }

  /** Looks at all leases: to be called once a second while somebody wants rates. */
  sample(state: State, now_ms: number): void {
    for (const worker of this.handedIn.keys()) {
      if (!state.workers.has(worker)) this.handedIn.delete(worker);
    }
    const cells = new Map(this.handedIn);
    for (const { worker, cells_done, range } of state.leases.values()) {
      cells.set(worker, (cells.get(worker) ?? 0) + Math.min(cells_done, size([range])));
    }
    this.samples.push({ at_ms: now_ms, cells });
    if (this.samples.length > SAMPLES) this.samples.shift();
  }

  /** Nobody looks any more: what was seen is not of the last seconds when somebody does again. */
  forget(): void {
    this.samples.length = 0;
  }

  /** 0 before there are two samples. */
  cellsPerSecond(worker: string): number {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (first === undefined || last === undefined || last.at_ms <= first.at_ms) return 0;
    // One that registered since then began with nothing.
    const cells = (last.cells.get(worker) ?? 0) - (first.cells.get(worker) ?? 0);
    return Math.max(0, (1000 * cells) / (last.at_ms - first.at_ms));
  }
}
