import { MAP_PARAMETERS } from "../../coordinator/analysis/maps/map_parameter.ts";
import type { Plan } from "../../shared/plan.ts";
import { formatCount, formatNumber } from "./format.ts";

/** Values that a line begins with. */
const VALUES_SHOWN = 5;

/**
 * The numbers in which the groups of a block differ, after snapping and rounding, one line each:
 * "grid 0, hidden width m: 86 values, 2, 3, 4, 5, 6, … 8192".
 */
export function axesText({ groups }: Plan): string[] {
  const blocks = new Set(groups.map(({ grid }) => grid));
  return [...blocks].flatMap((grid) => {
    const shapes = groups.filter((group) => group.grid === grid).map(({ shape }) => shape);
    return MAP_PARAMETERS.flatMap((parameter) => {
      const found = new Set(shapes.map(parameter.valueOf).filter((value) => value !== undefined));
      if (found.size < 2) return [];
      const values = [...found].sort((a, b) => a - b).map(formatNumber);
      const most = values.length > VALUES_SHOWN + 1;
      const shown = most ? [...values.slice(0, VALUES_SHOWN), `… ${values.at(-1)}`] : values;
      return [
        `grid ${grid}, ${parameter.words}: ${formatCount(values.length)} values, ${shown.join(", ")}`,
      ];
    });
  });
}
