import type { GroupSummary, Plane, SweepPlan } from "../../messages.ts";

/** One picture that a sweep's cells can be shown as. */
export interface MapView {
  readonly id: string;
  readonly label: string;
  /** Of one shape group seeds are the rows, of a plane its parameter. */
  readonly plane: Plane | null;
  readonly shape_groups: readonly string[];
}

/** Planes first, as they say the most, then shape groups in the order of the plan. */
export function viewsOf({ groups, planes }: SweepPlan): MapView[] {
  const views: MapView[] = planes.map((plane, index) => ({
    id: `plane-${index}`,
    label: plane.title || `η and ${plane.parameter}`,
    plane,
    shape_groups: plane.rows.map(({ shape_group }) => shape_group),
  }));
  const labels = new Map<string, number>();
  const first = new Map<string, GroupSummary>();
  for (const group of groups) {
    if (!first.has(group.shape_group)) first.set(group.shape_group, group);
  }
  for (const group of first.values()) {
    const label = groupLabel(group);
    labels.set(label, (labels.get(label) ?? 0) + 1);
  }
  for (const [shape_group, group] of first) {
    const label = groupLabel(group);
    // Two that differ in what the label does not name are told apart by their hash.
    const suffix = labels.get(label)! > 1 ? ` · ${shape_group.slice(0, 8)}` : "";
    views.push({
      id: shape_group,
      label: `${label}${suffix}`,
      plane: null,
      shape_groups: [shape_group],
    });
  }
  return views;
}

/** "example4 · logistic · 1 hidden layer · m = 200 · σ_w² = 0.5 · float64-exact". */
export function groupLabel(group: GroupSummary): string {
  const { dataset, loss, model, width, weight_variance, numeric_class, is_check } = group;
  const parts = [dataset, loss, model];
  if (width !== null) parts.push(`m = ${width === "infinite" ? "∞" : width}`);
  parts.push(`σ_w² = ${weight_variance}`);
  if (numeric_class !== "float64-exact") parts.push(numeric_class);
  if (is_check) parts.push("computed again to compare");
  return parts.join(" · ");
}
