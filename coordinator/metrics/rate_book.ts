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

interface Rate {
  cells_per_ms: number;
}

/** All that a part of a group touches, found once: every part asks. */
interface Entry {
  readonly key: string;
  readonly group: GroupCount;
  readonly ofClass: GroupCount;
  /** Of the group, of its kind, and of its class. */
  readonly rates: readonly Rate[];
}

/** The weight of the newest part in a running mean. */
const NEWEST = 0.25;

/** How fast cells are trained on one slot, by shape group, by kind and by numeric class, from parts. */
export class RateBook {
  private readonly rates = new Map<string, Rate>();
  /** The group that was worked on last stands last. */
  private readonly groups = new Map<string, GroupCount>();
  private readonly classes = new Map<string, GroupCount>();
  private readonly others = new Map<string, GroupCount>();
  private entries = new WeakMap<PlannedGroup, Entry>();
  private last: Entry | undefined;

  record(group: PlannedGroup, cells: number, compute_ms: number): void {
    const entry = this.entries.get(group) ?? this.enter(group);
    if (entry !== this.last) this.moveToEnd(entry);
    add(entry.group, cells, compute_ms);
    add(entry.ofClass, cells, compute_ms);
    if (!(compute_ms > 0)) return;
    const cells_per_ms = cells / compute_ms;
    for (const rate of entry.rates) {
      const isFirst = rate.cells_per_ms === 0;
      rate.cells_per_ms += (isFirst ? 1 : NEWEST) * (cells_per_ms - rate.cells_per_ms);
    }
  }

  /** Cells per millisecond of one slot; of the kind or the class where the group was not measured. */
  rateOf(group: PlannedGroup): number | undefined {
    const measured = (name: string) => this.rates.get(name)?.cells_per_ms || undefined;
    return measured(group.shape_group) ?? measured(kindOf(group)) ?? measured(group.numeric_class);
  }

  /** By numeric class. */
  ofClasses(): GroupCount[] {
    return [...this.classes.values()];
  }

  /** The METRIC_GROUPS_MAX groups that were worked on last, and the sums of all others. */
  ofGroups(): GroupCount[] {
    return [...this.groups.values(), ...this.others.values()];
  }

  private enter(group: PlannedGroup): Entry {
    const { numeric_class, shape_group } = group;
    const key = `${numeric_class} ${shape_group}`;
    if (!this.groups.has(key) && this.groups.size >= METRIC_GROUPS_MAX) this.dropOldestGroup();
    const names = [shape_group, kindOf(group), numeric_class];
    const entry = {
      key,
      group: found(this.groups, key, { numeric_class, shape_group }),
      ofClass: found(this.classes, numeric_class, { numeric_class, shape_group: "all" }),
      rates: names.map((name) => this.rateNamed(name)),
    };
    this.entries.set(group, entry);
    return entry;
  }

  private moveToEnd(entry: Entry): void {
    this.last = entry;
    this.groups.delete(entry.key);
    this.groups.set(entry.key, entry.group);
  }

  private dropOldestGroup(): void {
    const [key, { numeric_class, cells, compute_ms }] = this.groups.entries().next().value!;
    this.groups.delete(key);
    add(
      found(this.others, numeric_class, { numeric_class, shape_group: "other" }),
      cells,
      compute_ms,
    );
    this.forgetEntries();
  }

  private rateNamed(name: string): Rate {
    let rate = this.rates.get(name);
    if (rate !== undefined) return rate;
    if (this.rates.size >= SWEEP_GROUPS_MAX) {
      this.rates.delete(this.rates.keys().next().value!);
      this.forgetEntries();
    }
    rate = { cells_per_ms: 0 };
    this.rates.set(name, rate);
    return rate;
  }

  /** They may hold what was dropped. */
  private forgetEntries(): void {
    this.entries = new WeakMap();
    this.last = undefined;
  }
}

function found(
  counts: Map<string, GroupCount>,
  key: string,
  names: Pick<GroupCount, "numeric_class" | "shape_group">,
): GroupCount {
  let count = counts.get(key);
  if (count === undefined) {
    count = { ...names, cells: 0, compute_ms: 0 };
    counts.set(key, count);
  }
  return count;
}

function add(count: GroupCount, cells: number, compute_ms: number): void {
  count.cells += cells;
  count.compute_ms += compute_ms;
}
