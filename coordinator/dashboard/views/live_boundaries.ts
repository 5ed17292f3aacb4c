import { groupIndexOf, type Plan } from "../../../shared/plan.ts";
import type { Range } from "../../../shared/ranges.ts";
import { bootstrapUniforms } from "../../analysis/boundaries/bootstrap_uniforms.ts";
import { BOOTSTRAP_RESAMPLES } from "../../analysis/boundaries/boundaries.ts";
import { finiteOrNull, medianBoundary } from "../../analysis/boundaries/boundary_estimate.ts";
import type { GroupBoundaries, LiveBoundary } from "../messages.ts";
import type { PlanAxes } from "./plan_axes.ts";
import { seedEstimates } from "./seed_boundaries.ts";
import { ShapeCells } from "./shape_cells.ts";
import type { Slices } from "./slices.ts";

/** Resamples while cells come in: the ends of intervals then have two digits. */
const RESAMPLES_MEANWHILE = 500;

const BOUNDARIES = ["eta0", "eta1"] as const;
type Name = (typeof BOUNDARIES)[number];

/** What is known of a seed: unknown, or its estimate; a seed without cells is not there. */
interface Known {
  readonly eta0: Float64Array;
  readonly eta1: Float64Array;
  readonly is_absent: Uint8Array;
}

interface Summarized {
  readonly seeds_known: number;
  readonly resamples: number;
  readonly boundary: LiveBoundary;
}

/**
 * The boundaries of each shape group from the cells that are known so far. Only groups whose cells
 * changed are looked at again, and of them only the seeds that were not known.
 */
export class BoundaryBook {
  private readonly plan: Plan;
  private readonly shapes: readonly ShapeBoundaries[];
  private readonly byShape: ReadonlyMap<string, ShapeBoundaries>;

  constructor(plan: Plan, axes: PlanAxes, codes: Uint8Array) {
    this.plan = plan;
    this.byShape = new Map(
      ShapeCells.of(plan, axes, codes).map((cells) => [
        cells.shape_group,
        new ShapeBoundaries(cells, plan.confidence),
      ]),
    );
    this.shapes = [...this.byShape.values()];
  }

  /** Cells in these ranges have become known. */
  touch(ranges: readonly Range[]): void {
    for (const shape of this.shapesOf(ranges)) shape.touch();
  }

  /** Cells in these ranges are not what they were. */
  reset(ranges: readonly Range[]): void {
    for (const shape of this.shapesOf(ranges)) shape.reset();
  }

  /** All groups, in the order of their first cells. `isFinal`: as published. */
  async read(isFinal: boolean, slices: Slices): Promise<GroupBoundaries[]> {
    const groups: GroupBoundaries[] = [];
    for (const shape of this.shapes) {
      groups.push(await shape.read(isFinal ? BOOTSTRAP_RESAMPLES : RESAMPLES_MEANWHILE, slices));
      if (slices.isOver) await slices.next();
    }
    return groups;
  }

  private shapesOf(ranges: readonly Range[]): Set<ShapeBoundaries> {
    const found = new Set<ShapeBoundaries>();
    const { groups } = this.plan;
    for (const { first, end } of ranges) {
      for (let i = groupIndexOf(this.plan, first); i < groups.length; i++) {
        const { first_cell, shape_group, checks, added } = groups[i]!;
        if (first_cell >= end) break;
        const shape = this.byShape.get(checks === undefined ? shape_group : checks.of);
        if (shape === undefined) continue;
        // Seeds that are known are known better by then.
        if (checks !== undefined || added === "learning_rates") shape.reset();
        found.add(shape);
      }
    }
    return found;
  }
}

class ShapeBoundaries {
  private readonly cells: ShapeCells;
  private readonly confidence: number;
  private known: Known | undefined;
  private isTouched = true;
  private summaries: Partial<Record<Name, Summarized>> = {};

  constructor(cells: ShapeCells, confidence: number) {
    this.cells = cells;
    this.confidence = confidence;
  }

  touch(): void {
    this.isTouched = true;
  }

  reset(): void {
    this.isTouched = true;
    this.known = undefined;
    this.summaries = {};
  }

  async read(resamples: number, slices: Slices): Promise<GroupBoundaries> {
    const { shape_group } = this.cells;
    if (this.isTouched || this.known === undefined) await this.look(slices);
    const known = this.known ?? this.nothingKnown();
    const boundary = async (name: Name) => {
      const summary = this.summarize(name, known, resamples);
      if (slices.isOver) await slices.next();
      return summary;
    };
    return {
      shape_group,
      seeds: known.is_absent.reduce((sum, isAbsent) => sum + (isAbsent === 0 ? 1 : 0), 0),
      eta0: await boundary("eta0"),
      eta1: await boundary("eta1"),
    };
  }

  /** At the seeds that are not known. */
  private async look(slices: Slices): Promise<void> {
    // What changes while others have their turn is looked at the next time.
    this.isTouched = false;
    const known = this.known ?? this.nothingKnown();
    this.known = known;
    for (let seed = 0; seed < known.eta0.length; seed++) {
      if (!Number.isNaN(known.eta0[seed]) && !Number.isNaN(known.eta1[seed])) continue;
      const { count, rates, codes } = this.cells.ofSeed(seed);
      const { eta0, eta1, is_sampled } = seedEstimates(count, rates, codes);
      known.eta0[seed] = eta0 ?? Number.NaN;
      known.eta1[seed] = eta1 ?? Number.NaN;
      known.is_absent[seed] = is_sampled ? 0 : 1;
      if (slices.isOver) await slices.next();
    }
  }

  private summarize(name: Name, known: Known, resamples: number): LiveBoundary {
    const estimates = known[name].filter((estimate) => !Number.isNaN(estimate));
    const before = this.summaries[name];
    if (before?.seeds_known === estimates.length && before.resamples === resamples) {
      return before.boundary;
    }
    const boundary = this.boundaryOf(estimates, resamples);
    this.summaries[name] = { seeds_known: estimates.length, resamples, boundary };
    return boundary;
  }

  private boundaryOf(estimates: Float64Array, resamples: number): LiveBoundary {
    const seeds_known = estimates.length;
    if (seeds_known === 0) {
      return { median: null, beyond: null, low: null, high: null, seeds_known };
    }
    const uniform = bootstrapUniforms(this.cells.shape_group);
    const { confidence } = this;
    const found = medianBoundary([...estimates], { resamples, confidence, uniform });
    return {
      median: found.median,
      beyond: found.median_beyond,
      low: finiteOrNull(found.low),
      high: finiteOrNull(found.high),
      seeds_known,
    };
  }

  private nothingKnown(): Known {
    const unknown = () => new Float64Array(this.cells.seeds).fill(Number.NaN);
    return { eta0: unknown(), eta1: unknown(), is_absent: new Uint8Array(this.cells.seeds) };
  }
}
