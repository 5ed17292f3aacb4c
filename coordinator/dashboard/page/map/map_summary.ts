import type { LiveBoundaries } from "../../messages.ts";
import { count, measured, percent, plain } from "../parts/format.ts";
import { valueAt } from "./axis.ts";
import type { MapModel } from "./map_model.ts";
import { CODE_NAMES } from "./palette.ts";

/** What a map shows, in words; `counts`: its cells by code. */
export function mapSummary(
  { values, y, x, x_low, x_high, rates }: MapModel,
  counts: readonly number[],
  boundaries: LiveBoundaries | null,
): string {
  const cells = counts.reduce((sum, each) => sum + each, 0);
  const shares = counts.flatMap((each, code) =>
    each === 0 ? [] : [`${percent(each, cells)} ${CODE_NAMES[code]}`],
  );
  const from = plain(Number(valueAt(x, x_low).toPrecision(3)));
  const to = plain(Number(valueAt(x, x_high).toPrecision(3)));
  const rows = y.is_seeds
    ? `${count(values.length)} seeds`
    : `${count(values.length)} values of ${y.label}`;
  const medians = (["eta0", "eta1"] as const).flatMap((name) => {
    const median = y.is_seeds ? boundaries?.groups[0]?.[name].median : null;
    return median == null ? [] : [`${name} ${measured(median)}`];
  });
  const lines = medians.length === 0 ? "" : ` Medians: ${medians.join(", ")}.`;
  return `Phase map of ${count(rates)} learning rates from ${from} to ${to} against ${rows}: ${shares.join(", ")}.${lines}`;
}
