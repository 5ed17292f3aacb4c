import { crc32, inflateSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MAP_PALETTE } from "../../../../coordinator/analysis/figures/map_palette.ts";
import { encodePng } from "../../../../coordinator/analysis/figures/png.ts";
import { EMPTY, SHADES } from "../../../../coordinator/analysis/maps/raster.ts";
import { PHASES } from "../../../../shared/phases.ts";

/** The chunks of a PNG by type, each checked against its sum. */
function chunksOf(png: Buffer): Map<string, Buffer> {
  expect(png.subarray(1, 4).toString("latin1")).toBe("PNG");
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.set(body.subarray(0, 4).toString("latin1"), body.subarray(4));
    at += 12 + length;
  }
  return chunks;
}

test("a picture can be read back, pixel by pixel", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fc.infiniteStream(fc.integer({ min: 0, max: EMPTY })),
      (width, height, values) => {
        const entries = Uint8Array.from({ length: width * height }, () => values.next().value);
        const chunks = chunksOf(encodePng({ width, height, entries }, MAP_PALETTE));
        expect([...chunks.keys()]).toEqual(["IHDR", "PLTE", "IDAT", "IEND"]);
        const header = chunks.get("IHDR")!;
        expect([header.readUInt32BE(0), header.readUInt32BE(4)]).toEqual([width, height]);
        const lines = inflateSync(chunks.get("IDAT")!);
        expect(lines).toHaveLength(height * (width + 1));
        for (let y = 0; y < height; y++) {
          expect(lines[y * (width + 1)]).toBe(0);
          const line = lines.subarray(y * (width + 1) + 1, (y + 1) * (width + 1));
          expect([...line]).toEqual([...entries.subarray(y * width, (y + 1) * width)]);
        }
        expect([...chunks.get("PLTE")!]).toEqual(MAP_PALETTE.flat());
      },
    ),
    { numRuns: 50 },
  );
});

test("lightness alone tells the phases apart, whatever the shade", () => {
  const linear = (part: number) =>
    part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
  /** CIE lightness L*, 0 to 100. */
  const lightness = ([red, green, blue]: readonly [number, number, number]) =>
    116 * Math.cbrt(0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)) - 16;
  const range = (phase: (typeof PHASES)[number]) => {
    const first = PHASES.indexOf(phase) * SHADES;
    const values = MAP_PALETTE.slice(first, first + SHADES).map(lightness);
    return { low: Math.min(...values), high: Math.max(...values) };
  };
  const [lazy, catapult, unsettled, divergent] = (
    ["lazy", "catapult", "unsettled", "divergent"] as const
  ).map(range);
  expect(MAP_PALETTE).toHaveLength(EMPTY + 1);
  expect(lightness(MAP_PALETTE[EMPTY]!)).toBeGreaterThan(lazy!.high + 2);
  expect(lazy!.low).toBeGreaterThan(catapult!.high + 2);
  expect(catapult!.low).toBeGreaterThan(unsettled!.high + 2);
  expect(unsettled!.low).toBeGreaterThan(divergent!.high + 2);
});
