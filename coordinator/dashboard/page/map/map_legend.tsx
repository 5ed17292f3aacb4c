import { CELL } from "../../messages.ts";
import { percent } from "../parts/format.ts";
import { CODE_NAMES, PHASE_CODES, phaseColour } from "./palette.ts";

/** Colours with their names and shares, and what the lines are. */
export function MapLegend({ counts }: { readonly counts: readonly number[] }) {
  const cells = counts.reduce((sum, each) => sum + each, 0);
  return (
    <ul class="legend">
      {PHASE_CODES.map((code) => (
        <li key={code}>
          <i class="swatch" style={{ backgroundColor: phaseColour(code) }} />
          {CODE_NAMES[code]} <span class="muted">{percent(counts[code] ?? 0, cells)}</span>
        </li>
      ))}
      <li>
        <i class="swatch open" />
        open <span class="muted">{percent(counts[CELL.open] ?? 0, cells)}</span>
      </li>
      {(counts[CELL.failed] ?? 0) > 0 && (
        <li>
          <i class="swatch code-failed" />
          failed <span class="muted">{counts[CELL.failed]}</span>
        </li>
      )}
      <li>
        <i class="line" />
        η₀
      </li>
      <li>
        <i class="line dashed" />
        η₁
      </li>
      <li>
        <i class="swatch interval" />
        interval
      </li>
    </ul>
  );
}
