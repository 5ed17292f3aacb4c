import { CELL, type CellCode } from "../../messages.ts";

export type Scheme = "light" | "dark";

type Colour = readonly [number, number, number];

/** Names of codes, as the page writes them. */
export const CODE_NAMES: readonly string[] = [
  "open",
  "lazy",
  "catapult",
  "divergent",
  "unsettled",
  "failed",
];

/** Codes of phases in the order of the learning rates at which they occur. */
export const PHASE_CODES: readonly CellCode[] = [
  CELL.lazy,
  CELL.catapult,
  CELL.divergent,
  CELL.unsettled,
];

/**
 * First and last tone of a phase, as in the figures: a full agreement of seeds has the first. The
 * same in both schemes; a test holds them against the figures' palette.
 */
export const TONES: Readonly<
  Record<1 | 2 | 3 | 4, { readonly own: Colour; readonly last: Colour }>
> = {
  1: { own: [0xee, 0xf5, 0xfc], last: [0xb9, 0xd3, 0xea] },
  2: { own: [0xf7, 0xbb, 0x6c], last: [0xcc, 0x7a, 0x22] },
  3: { own: [0x1a, 0x0e, 0x14], last: [0x8a, 0x58, 0x68] },
  4: { own: [0x68, 0x87, 0x35], last: [0x5a, 0x74, 0x30] },
};

/** Tones of a phase, from a full agreement on. */
export const SHADES = 32;
/** The tone of single cells, between those of agreement and discord. */
export const CELL_SHADE = 10;

/** A code's pixels on an even and on an odd diagonal: what is not known or failed has a texture. */
const OPEN: Readonly<Record<Scheme, readonly [Colour, Colour]>> = {
  light: [
    [0xff, 0xff, 0xff],
    [0xe4, 0xe7, 0xea],
  ],
  dark: [
    [0x2b, 0x30, 0x37],
    [0x3a, 0x41, 0x4a],
  ],
};
const FAILED: readonly [Colour, Colour] = [
  [0xd6, 0x00, 0x6c],
  [0xff, 0xff, 0xff],
];

/** Pixels by (code · SHADES + shade) · 2 + texture, as the numbers that a canvas holds. */
export function pixelPalette(scheme: Scheme): Uint32Array {
  const palette = new Uint32Array(CODE_NAMES.length * SHADES * 2);
  for (let code = 0; code < CODE_NAMES.length; code++) {
    for (let shade = 0; shade < SHADES; shade++) {
      for (const texture of [0, 1] as const) {
        const colour =
          code === CELL.open
            ? OPEN[scheme][texture]
            : code === CELL.failed
              ? FAILED[texture]
              : toneOf(code as 1 | 2 | 3 | 4, shade / (SHADES - 1));
        palette[(code * SHADES + shade) * 2 + texture] = pixel(colour);
      }
    }
  }
  return palette;
}

/** CSS colour of a phase, as single cells have it. */
export function phaseColour(code: CellCode): string {
  return `rgb(${toneOf(code as 1 | 2 | 3 | 4, CELL_SHADE / (SHADES - 1)).join(" ")})`;
}

function toneOf(code: 1 | 2 | 3 | 4, part: number): Colour {
  const { own, last } = TONES[code];
  return [0, 1, 2].map((i) =>
    Math.round(own[i]! + part * (last[i]! - own[i]!)),
  ) as unknown as Colour;
}

/** Canvases hold red, green, blue, alpha as bytes, and every machine with a browser is little-endian. */
function pixel([red, green, blue]: Colour): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
