import { describe, expect, test } from "vitest";
import { fillNormals, normalQuantile, philox4x32, uniformStream } from "../../shared/random.ts";

/** [p, Φ⁻¹(p)] rounded from 400-bit arithmetic (mpmath). */
const QUANTILES = [
  [1e-300, -37.0470962993612],
  [1e-20, -9.262340089798407],
  [1e-9, -5.9978070150076865],
  [0.001, -3.0902323061678136],
  [0.02425, -1.972961051311885],
  [0.07, -1.4757910281791706],
  [0.08, -1.4050715603096327],
  [0.3, -0.5244005127080408],
  [0.5, 0.0],
  [0.75, 0.6744897501960817],
  [0.93, 1.475791028179171],
  [0.99, 2.3263478740408408],
  [0.999999, 4.753424308817087],
];

function philox(counter: number[], key: number[]): string {
  const block = new Uint32Array(4);
  philox4x32(Uint32Array.from(counter), Uint32Array.from(key), block);
  return Array.from(block, (word) => word.toString(16).padStart(8, "0")).join(" ");
}

test("Philox4x32-10 gives the known answers of Salmon et al. 2011", () => {
  const ones = 0xffffffff;
  expect(philox([0, 0, 0, 0], [0, 0])).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  expect(philox([ones, ones, ones, ones], [ones, ones])).toBe(
    "408f276d 41c83b0e a20bc7c6 6d5451fd",
  );
  expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toBe(
    "d16cfe09 94fdcceb 5001e420 24126ea1",
  );
});

test.each(QUANTILES)("the normal quantile of %d", (p, expected) => {
  expect(Math.abs(normalQuantile(p!) - expected!)).toBeLessThanOrEqual(1e-15 * Math.abs(expected!));
});

test("the outermost uniforms have finite quantiles", () => {
  expect(normalQuantile(2 ** -53)).toBeCloseTo(-8.2095, 3);
  expect(normalQuantile(1 - 2 ** -53)).toBe(-normalQuantile(2 ** -53));
});

function normals(seed: number, width: number, tensor: number, start: number, count: number) {
  const out = new Float64Array(count);
  fillNormals(seed, width, tensor, start, out);
  return Array.from(out);
}

describe("a normal draw is addressed by seed, width, tensor and index", () => {
  test("starting elsewhere gives the same draws", () => {
    const all = normals(7, 20, 1, 0, 50);
    expect(normals(7, 20, 1, 13, 20)).toEqual(all.slice(13, 33));
    expect(normals(7, 20, 1, 14, 1)).toEqual([all[14]]);
  });

  test("each part of the address matters, above 32 bits too", () => {
    const first = normals(7, 20, 1, 0, 2);
    const others = [
      normals(8, 20, 1, 0, 2),
      normals(7 + 2 ** 32, 20, 1, 0, 2),
      normals(7, 21, 1, 0, 2),
      normals(7, 20 + 2 ** 32, 1, 0, 2),
      normals(7, 20, 2, 0, 2),
    ];
    expect(new Set([first, ...others].map((pair) => pair[0])).size).toBe(6);
    expect(new Set([first, ...others].map((pair) => pair[1])).size).toBe(6);
  });

  test("a seed that is no non-negative safe integer is refused", () => {
    for (const seed of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(() => normals(seed, 1, 1, 0, 1)).toThrow(RangeError);
    }
  });

  test("mean, variance and fourth moment are those of N(0, 1)", () => {
    const x = normals(0, 5, 1, 0, 200_000);
    const moment = (k: number) => x.reduce((sum, value) => sum + value ** k, 0) / x.length;
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(x.length));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / x.length));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / x.length));
  });
});

test("uniform streams repeat, differ and fill (0, 1) evenly", () => {
  const a = uniformStream(3, 0);
  const b = uniformStream(3, 0);
  const c = uniformStream(3, 1);
  const bins = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const u = a();
    expect(u > 0 && u < 1).toBe(true);
    if (i < 100) {
      expect(b()).toBe(u);
      expect(c()).not.toBe(u);
    }
    bins[Math.floor(u * 10)]! += 1;
  }
  for (const bin of bins) expect(Math.abs(bin - 10_000)).toBeLessThan(5 * Math.sqrt(9000));
});
