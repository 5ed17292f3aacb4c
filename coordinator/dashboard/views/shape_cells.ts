import type { Plan, PlannedGroup } from "../../../shared/plan.ts";
import { CELL } from "../messages.ts";
import type { PlanAxes, RateAxis } from "./plan_axes.ts";

/** The cells of one shape in one group of the plan: rows are seeds. */
interface Part {
  readonly first_cell: number;
  readonly axis: RateAxis;
  readonly seeds: Float64Array;
  /** Cells that a round asks for: until they are there, the seed is known as well as without them. */
  readonly is_added: boolean;
}

/** A row of one part. */
interface Row {
  readonly part: Part;
  readonly row: number;
}

/**
 * The cells that decide the boundaries of one shape group, by seed and ascending learning rate: those
 * of all blocks and rounds, where float64 checked one next to a change of phase with what it says. The
 * same cells as sampledRuns gives (analysis/runs_source.ts).
 */
export class ShapeCells {
  readonly shape_group: string;
  /** Number of seeds. */
  readonly seeds: number;
  private readonly codes: Uint8Array;
  private readonly parts: readonly Part[];
  /** The rows of each seed; null where there is one part, whose rows are the seeds. */
  private readonly rows: readonly (readonly Row[])[] | null;
  private readonly seedValues: readonly number[] | Float64Array;
  /** Cells in float64 by seed and learning rate, in place of those of the grid. */
  private readonly checked = new Map<number, Map<number, number>>();
  private scratch = { rates: new Float64Array(0), codes: new Uint8Array(0) };

  private constructor(shape_group: string, parts: readonly Part[], codes: Uint8Array) {
    this.shape_group = shape_group;
    this.parts = parts;
    this.codes = codes;
    if (parts.length === 1) {
      this.rows = null;
      this.seedValues = parts[0]!.seeds;
    } else {
      const rows = new Map<number, Row[]>();
      for (const part of parts) {
        for (const [row, seed] of part.seeds.entries()) {
          const known = rows.get(seed);
          if (known === undefined) rows.set(seed, [{ part, row }]);
          else known.push({ part, row });
        }
      }
      this.rows = [...rows.values()];
      this.seedValues = [...rows.keys()];
    }
    this.seeds = this.seedValues.length;
  }

  /** The shape groups of a plan in the order of their first cells; checks are not among them. */
  static of({ groups }: Plan, axes: PlanAxes, codes: Uint8Array): ShapeCells[] {
    const partOf = ({ first_cell, added }: PlannedGroup, index: number): Part => ({
      first_cell,
      axis: axes.rates[axes.rate_axis[index]!]!,
      seeds: axes.seeds[axes.seed_axis[index]!]!,
      is_added: added === "learning_rates",
    });
    const parts = new Map<string, Part[]>();
    for (const [index, group] of groups.entries()) {
      if (group.checks !== undefined) continue;
      const known = parts.get(group.shape_group);
      if (known === undefined) parts.set(group.shape_group, [partOf(group, index)]);
      else known.push(partOf(group, index));
    }
    const shapes = new Map(
      [...parts].map(([shape_group, of]) => [shape_group, new ShapeCells(shape_group, of, codes)]),
    );
    for (const [index, group] of groups.entries()) {
      if (group.checks?.why !== "boundary") continue;
      shapes.get(group.checks.of)?.addChecked(partOf(group, index));
    }
    return [...shapes.values()];
  }

  /** Learning rates, ascending, and CELL codes of a seed; both are valid until the next call. */
  ofSeed(seed: number): { count: number; rates: Float64Array; codes: Uint8Array } {
    const rows = this.rows?.[seed] ?? [{ part: this.parts[0]!, row: seed }];
    const count = rows.reduce((sum, { part }) => sum + part.axis.values.length, 0);
    if (this.scratch.codes.length < count) {
      this.scratch = { rates: new Float64Array(count), codes: new Uint8Array(count) };
    }
    const { rates, codes } = this.scratch;
    const checked = this.checked.get(this.seedValues[seed]!);
    let kept = 0;
    for (const { part, row } of rows) {
      const { values, order } = part.axis;
      const first = part.first_cell + row * values.length;
      for (let i = 0; i < values.length; i++) {
        const place = order === null ? i : order[i]!;
        const rate = values[place]!;
        const check = checked?.get(rate);
        const exact = check === undefined ? CELL.open : this.codes[check]!;
        const isExact = exact !== CELL.open && exact !== CELL.failed;
        const code = isExact ? exact : this.codes[first + place]!;
        if (code === CELL.open && part.is_added) continue;
        rates[kept] = rate;
        codes[kept++] = code;
      }
    }
    if (rows.length > 1) sortTogether(kept, rates, codes);
    return { count: kept, rates, codes };
  }

  private addChecked({ first_cell, axis, seeds }: Part): void {
    for (const [row, seed] of seeds.entries()) {
      const known = this.checked.get(seed) ?? new Map<number, number>();
      this.checked.set(seed, known);
      for (const [place, rate] of axis.values.entries()) {
        known.set(rate, first_cell + row * axis.values.length + place);
      }
    }
  }
}

/** Sorts the first `count` of both by the rates; of equal rates the earlier one stays first. */
function sortTogether(count: number, rates: Float64Array, codes: Uint8Array): void {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  order.sort((a, b) => rates[a]! - rates[b]! || a - b);
  const sorted = { rates: rates.slice(0, count), codes: codes.slice(0, count) };
  for (let i = 0; i < count; i++) {
    rates[i] = sorted.rates[order[i]!]!;
    codes[i] = sorted.codes[order[i]!]!;
  }
}
