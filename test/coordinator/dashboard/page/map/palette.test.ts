import { expect, test } from "vitest";
import { PHASE_TONES } from "../../../../../coordinator/analysis/figures/map_palette.ts";
import { CELL } from "../../../../../coordinator/dashboard/messages.ts";
import { CODE_NAMES, TONES } from "../../../../../coordinator/dashboard/page/map/palette.ts";
import { PHASES } from "../../../../../shared/phases.ts";

test("phases have the colours of the figures", () => {
  for (const phase of PHASES) {
    const code = CELL[phase];
    expect(CODE_NAMES[code]).toBe(phase);
    expect(TONES[code]).toEqual(PHASE_TONES[phase]);
  }
});
