import { join } from "node:path";
import { sleep } from "../../../shared/clock.ts";
import { FailureError, messageOf, UsageError } from "../../../shared/errors.ts";
import type { Plan } from "../../../shared/plan.ts";
import { type Range, size, subtract, union } from "../../../shared/ranges.ts";
import { planCells } from "../../../shared/work_plan.ts";
import { RESULTS_FILE } from "../../results/merge.ts";
import { readPlan } from "../../results/metadata.ts";
import type { PartPiece } from "../../results/pieces.ts";
import type { SweepState } from "../../state/state.ts";
import { CELL, type SweepPlan } from "../messages.ts";
import { CellStates } from "./cell_states.ts";
import { findPieces } from "./committed_rows.ts";
import { withDuckDb } from "./duck_db.ts";
import { loadCommitted, loadMerged } from "./load_cells.ts";
import { Once } from "./once.ts";
import { type PlanAxes, planAxes, whyNoMap } from "./plan_axes.ts";
import { summarizePlan } from "./plan_summary.ts";
import { Slices } from "./slices.ts";
import type { ViewSource } from "./view_source.ts";

const ATTEMPTS = 40;
const AGAIN_MS = 250;
/** Cells that are looked at in one go. */
const COUNTED_CELLS = 2 ** 20;

/**
 * Reads the cells of one sweep in one numbering of them: that of the work plan until it is merged,
 * that of the plan afterwards. Where they come to be numbered otherwise, or are not there any more,
 * another reader takes its place.
 */
export class SweepReader {
  readonly version: string;
  readonly name: string;
  /** The plan in whose cells the scheduler leases. */
  readonly work: Plan;
  /** The numbering is the merged file's, and the scheduler's is another. */
  readonly isRenumbered: boolean;
  /** The plan in whose cells it counts. */
  readonly planned: () => Promise<Plan>;
  /** Why there is no map; null where there is one. */
  readonly noMap: () => Promise<string | null>;
  /** Null where there is no map. */
  readonly axes: () => Promise<PlanAxes | null>;
  readonly summarized: () => Promise<SweepPlan>;
  hasEnded = false;
  private readonly source: ViewSource;
  private readonly sweep: () => SweepState | undefined;

  /** `sweep`: what the scheduler knows of it, at first not undefined. */
  constructor(source: ViewSource, version: string, sweep: () => SweepState | undefined) {
    const state = sweep()!;
    this.source = source;
    this.version = version;
    this.sweep = sweep;
    this.name = state.sweep;
    this.work = state.plan;
    this.isRenumbered = state.status === "done" && isCut(state.plan);
    const slices = () => new Slices(source.clock);
    const planned = new Once(async () =>
      this.isRenumbered
        ? withDuckDb((connection) => readPlan(connection, this.resultsPath))
        : this.work,
    );
    const noMap = new Once(async () => whyNoMap(await planned.get()));
    const axes = new Once(async () =>
      (await noMap.get()) === null ? planAxes(await planned.get(), slices()) : null,
    );
    const summary = new Once(async () =>
      summarizePlan(await planned.get(), version, await axes.get(), await noMap.get(), slices()),
    );
    this.planned = () => planned.get();
    this.noMap = () => noMap.get();
    this.axes = () => axes.get();
    this.summarized = () => summary.get();
  }

  get resultsPath(): string {
    return join(this.source.storage.resultsFolder(this.name), RESULTS_FILE);
  }

  /** Whether the merged file has its cells. */
  get isMerged(): boolean {
    return this.sweep()?.status === "done";
  }

  /** Cells of the scheduler's in this numbering. */
  own(range: Range): readonly Range[] {
    return this.isRenumbered ? planCells(this.work, range) : [range];
  }

  /** All cells that are known. `begun`: told of each attempt, so that it misses nothing meanwhile. */
  async load(begun: (states: CellStates) => void): Promise<CellStates> {
    const plan = await this.planned();
    const slices = new Slices(this.source.clock);
    return this.steadily(async (isMerged) => {
      const wanted = this.sweep()?.cells_done ?? 0;
      const states = new CellStates(plan.cells);
      begun(states);
      if (isMerged) await loadMerged(this.resultsPath, states, slices);
      else await loadCommitted(this.source.storage, plan, states, slices);
      const found = await countKnown(states.codes, slices);
      if (found < wanted) throw lacking(found, wanted);
      return states;
    });
  }

  /** What the journal has of some ranges, at least what the scheduler knows of. @throws Error */
  async pieces(ranges: readonly Range[]): Promise<PartPiece[]> {
    const { storage, clock } = this.source;
    const all = union(ranges, []);
    const wanted = size(all) - size(subtract(all, this.sweep()?.done ?? []));
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
      if (this.hasEnded || this.sweep() === undefined) throw this.gone();
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
