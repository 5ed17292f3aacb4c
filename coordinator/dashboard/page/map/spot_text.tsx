import type { SweepPlan } from "../../messages.ts";
import { measured, percent, plain } from "../parts/format.ts";
import type { MapModel, Spot } from "./map_model.ts";
import { CODE_NAMES } from "./palette.ts";

interface Props {
  readonly model: MapModel;
  readonly states: Uint8Array;
  readonly spot: Spot | null;
  readonly plan: SweepPlan;
}

/** What lies under the cross, spoken too as it moves. */
export function SpotText({ model, states, spot }: Props) {
  return (
    <p class="read-out" role="status" aria-live="polite">
      {spot === null ? (
        <span class="muted">No cell is pointed at.</span>
      ) : (
        spotWords(model, states, spot)
      )}
    </p>
  );
}

function spotWords({ y }: MapModel, states: Uint8Array, spot: Spot): string {
  const place = `η = ${measured(spot.learning_rate, 6)}, ${y.label} = ${plain(spot.value)}`;
  const { cells } = spot;
  if (cells.length === 1) return `${place}: ${CODE_NAMES[states[cells[0]!]!]} (cell ${cells[0]})`;
  const counts = new Array<number>(CODE_NAMES.length).fill(0);
  for (const cell of cells) counts[states[cell]!]!++;
  const shares = counts.flatMap((each, code) =>
    each === 0 ? [] : [`${CODE_NAMES[code]} ${percent(each, cells.length)}`],
  );
  return `${place}: ${shares.join(", ")} of ${cells.length} seeds`;
}
