import { CELL, type SweepSummary } from "../../messages.ts";
import { CODE_NAMES, PHASE_CODES, phaseColour } from "../map/palette.ts";
import { counted, percent } from "./format.ts";

/** Progress with the phases found as its segments. */
export function ProgressBar({ summary }: { readonly summary: SweepSummary }) {
  const { sweep, cells, cells_done, cells_failed, cells_in_flight, phases } = summary;
  const segments = PHASE_CODES.map((code) => {
    const name = CODE_NAMES[code] as keyof typeof phases;
    return { name, cells: phases[name], colour: phaseColour(code) };
  });
  const text = [
    `${percent(cells_done, cells)} of ${counted(cells, "cell")}`,
    ...segments
      .filter((segment) => segment.cells > 0)
      .map((segment) => `${segment.name} ${percent(segment.cells, cells_done)}`),
    ...(cells_failed > 0 ? [`${cells_failed} failed`] : []),
  ].join(", ");
  return (
    <div
      class="progress"
      role="progressbar"
      aria-label={`Progress of ${sweep}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={cells === 0 ? 0 : Math.floor((100 * cells_done) / cells)}
      aria-valuetext={text}
      title={text}
    >
      {segments.map(({ name, cells: share, colour }) => (
        <i key={name} style={{ width: width(share, cells), backgroundColor: colour }} />
      ))}
      <i class={`code-${CODE_NAMES[CELL.failed]}`} style={{ width: width(cells_failed, cells) }} />
      <i class="in-flight" style={{ width: width(cells_in_flight, cells) }} />
    </div>
  );
}

function width(part: number, whole: number): string {
  return `${whole === 0 ? 0 : (100 * part) / whole}%`;
}
