import { METRIC_GROUPS_MAX, SWEEP_GROUPS_MAX } from "../../shared/limits.ts";
import type { PlannedGroup } from "../../shared/plan.ts";
import { kindOf } from "../state/shard_size.ts";

/** What has been handed in of one shape group. */
export interface GroupCount {
  readonly numeric_class: string;
  /** "other" for those that were not worked on lately. */
  readonly shape_group: string;
  cells: number;
  /** Time that these cells took, each on one slot. */
  compute_ms: number;
}

/** The weight of the newest part in a running mean. */
const NEWEST = 0.25;

/** How fast cells are trained on one slot, by shape group, by kind and by numeric class, from parts. */
export class RateBook {
  /** Cells per millisecond; what was measured last stands last. */
  private readonly rates = new Map<string, number>();
  private readonly groups = new Map<string, GroupCount>();
  private readonly classes = new Map<string, GroupCount>();
  private readonly others = new Map<string, GroupCount>();

  record(group: PlannedGroup, cells: number, compute_ms: number): void {
    const { numeric_class, shape_group } = group;
    count(this.classes, numeric_class, { numeric_class, shape_group: "all" }, cells, compute_ms);
    const key = `${numeric_class} ${shape_group}`;
    const known = this.groups.get(key);
    if (known !== undefined) this.groups.delete(key);
    else if (this.groups.size >= METRIC_GROUPS_MAX) this.dropOldestGroup();
    if (known !== undefined) this.groups.set(key, known);
    count(this.groups, key, { numeric_class, shape_group }, cells, compute_ms);
    if (!(compute_ms > 0)) return;
    for (const name of [shape_group, kindOf(group), numeric_class]) {
      this.learn(name, cells / compute_ms);
    }
  }

  /** Cells per millisecond of one slot; of the kind or the class where the group was not measured. */
  rateOf(group: PlannedGroup): number | undefined {
    return (
      this.rates.get(group.shape_group) ??
      this.rates.get(kindOf(group)) ??
      this.rates.get(group.numeric_class)
    );
  }

  /** By numeric class. */
  ofClasses(): GroupCount[] {
    return [...this.classes.values()];
  }

  /** The METRIC_GROUPS_MAX groups that were worked on last, and the sums of all others. */
  ofGroups(): GroupCount[] {
    return [...this.groups.values(), ...this.others.values()];
  }

  private dropOldestGroup(): void {
    const [key, { numeric_class, cells, compute_ms }] = this.groups.entries().next().value!;
    this.groups.delete(key);
    count(this.others, numeric_class, { numeric_class, shape_group: "other" }, cells, compute_ms);
  }

  private learn(name: string, cells_per_ms: number): void {
    const before = this.rates.get(name);
    this.rates.delete(name);
    const rate = before === undefined ? cells_per_ms : before + NEWEST * (cells_per_ms - before);
    this.rates.set(name, rate);
    if (this.rates.size > SWEEP_GROUPS_MAX) this.rates.delete(this.rates.keys().next().value!);
  }
}

function count(
  counts: Map<string, GroupCount>,
  key: string,
  names: Pick<GroupCount, "numeric_class" | "shape_group">,
  cells: number,
  compute_ms: number,
): void {
  let known = counts.get(key);
  if (known === undefined) {
    known = { ...names, cells: 0, compute_ms: 0 };
    counts.set(key, known);
  }
  known.cells += cells;
  known.compute_ms += compute_ms;
}
