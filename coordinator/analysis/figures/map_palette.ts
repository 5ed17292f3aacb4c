import { PHASES, type Phase } from "../../../shared/phases.ts";
import { SHADES } from "../maps/raster.ts";

type Colour = readonly [number, number, number];

/** First and last shade of a phase, red, green, blue. */
interface Tones {
  readonly own: Colour;
  readonly last: Colour;
}

/**
 * No shade of one phase is as light as a shade of another: from light to dark come lazy, catapult,
 * unsettled, divergent, so that a picture without colours tells them apart.
 */
export const PHASE_TONES: Readonly<Record<Phase, Tones>> = {
  lazy: { own: [0xee, 0xf5, 0xfc], last: [0xb9, 0xd3, 0xea] },
  catapult: { own: [0xf7, 0xbb, 0x6c], last: [0xcc, 0x7a, 0x22] },
  divergent: { own: [0x1a, 0x0e, 0x14], last: [0x8a, 0x58, 0x68] },
  unsettled: { own: [0x68, 0x87, 0x35], last: [0x5a, 0x74, 0x30] },
};

const NOTHING: Colour = [0xff, 0xff, 0xff];

/** Colours of a raster's entries, in the order of their numbers. */
export const MAP_PALETTE: readonly Colour[] = [
  ...PHASES.flatMap((phase) =>
    Array.from({ length: SHADES }, (_, shade) => tone(PHASE_TONES[phase], shade / (SHADES - 1))),
  ),
  NOTHING,
];

function tone({ own, last }: Tones, part: number): Colour {
  return [0, 1, 2].map((i) =>
    Math.round(own[i]! + part * (last[i]! - own[i]!)),
  ) as unknown as Colour;
}

export function hex(colour: Colour): string {
  return `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
