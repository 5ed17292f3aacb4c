import type { SweepPlan } from "../../messages.ts";
import { groupLabel, type MapView } from "../map/views.ts";
import { plain } from "../parts/format.ts";

/** The shape groups of a view, each with what tells it from the others of the view. */
export function groupsOfView(
  { groups }: SweepPlan,
  { plane, shape_groups }: MapView,
): readonly { readonly id: string; readonly label: string }[] {
  if (plane !== null) {
    return plane.rows.map(({ shape_group, value }) => ({ id: shape_group, label: plain(value) }));
  }
  return shape_groups.map((id) => {
    const group = groups.find(({ shape_group }) => shape_group === id)!;
    return { id, label: groupLabel(group) };
  });
}
