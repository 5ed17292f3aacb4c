import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ExponentFit,
  fitExponent,
  POINTS_MIN,
  type Sides,
} from "../../../../coordinator/analysis/statistics/uncertainty_exponent.ts";
import { uniformStream } from "../uniform_stream.ts";

const STEP = 1e-4;

function fit(seeds: readonly Sides[]): ExponentFit {
  const found = fitExponent(seeds, STEP);
  if ("problem" in found) throw new Error(found.problem);
  return found;
}

/** Low below `at`, high from there on. */
function singleStep(points: number, at: number): Sides {
  return new Uint8Array(points).fill(1, at);
}

/**
 * A boundary in the middle of the axis on the levels of a Cantor set: of each interval the middle
 * part of the given share keeps one verdict, in turn, and the rest are cut again.
 */
function cantor(points: number, parts: number, kept: (part: number) => boolean): Sides {
  const length = parts ** Math.floor(Math.log(points / 4) / Math.log(parts));
  const sides = new Uint8Array(points).fill(1, Math.floor((points + length) / 2));
  const first = Math.floor((points - length) / 2);
  // A point is low where it stays in a gap; which gaps are low goes with the level.
  for (let i = 0; i < length; i++) {
    let [rest, size, level] = [i, length, 0];
    while (size > 1) {
      size /= parts;
      const part = Math.floor(rest / size);
      if (!kept(part)) break;
      rest -= part * size;
      level++;
    }
    sides[first + i] = level % 2 === 0 ? 1 : 0;
  }
  return sides;
}

describe("the uncertainty exponent", () => {
  test("of single steps is 1 exactly, wherever they are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 200, max: 3800 }), { minLength: 1, maxLength: 6 }),
        (places) => {
          const found = fit(places.map((at) => singleStep(4096, at)));
          expect(found.alpha).toBeCloseTo(1, 12);
          expect(found.dimension).toBeCloseTo(0, 12);
          expect(found.misfit).toBeCloseTo(0, 12);
          expect(found.seeds).toBe(places.length);
          if (places.length > 1) expect(found.alpha_error).toBeCloseTo(0, 12);
          else expect(found.alpha_error).toBeNull();
          // 2k of the points change within k steps.
          for (const { epsilon, share } of found.scales) {
            expect(share).toBeCloseTo((2 * epsilon) / STEP / 4096, 12);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test("of the middle-third Cantor set is 1 − log 2/log 3", () => {
    const { alpha, dimension, misfit } = fit([cantor(3 ** 10 * 4, 3, (part) => part !== 1)]);
    // Six scales span less than four levels, over which log f is a staircase.
    expect(Math.abs(dimension - Math.log(2) / Math.log(3))).toBeLessThan(0.05);
    expect(alpha + dimension).toBeCloseTo(1, 14);
    expect(misfit).toBeLessThan(0.2);
  });

  test("of a Cantor set that keeps 3 of 5 parts is 1 − log 3/log 5", () => {
    const { dimension } = fit([cantor(5 ** 7 * 4, 5, (part) => part % 2 === 0)]);
    expect(Math.abs(dimension - Math.log(3) / Math.log(5))).toBeLessThan(0.07);
  });

  test("of verdicts at random in a band is near 0: no scale is finer than the axis", () => {
    const uniform = uniformStream(3);
    const noise = () => {
      const sides = singleStep(8192, 5000);
      for (let i = 3000; i < 5000; i++) sides[i] = uniform() < 0.5 ? 1 : 0;
      return sides;
    };
    const { alpha, alpha_error } = fit([noise(), noise(), noise(), noise()]);
    expect(alpha).toBeLessThan(0.15);
    expect(alpha_error!).toBeLessThan(0.02);
  });

  test("turns to 1 where ε is wider than the band; the fit is of the finest scales", () => {
    const sides = singleStep(2 ** 15, 2 ** 14);
    const uniform = uniformStream(9);
    for (let i = 2 ** 14; i < 2 ** 14 + 64; i++) sides[i] = uniform() < 0.5 ? 1 : 0;
    const { scales, fitted, alpha } = fit([sides]);
    const slope = (i: number) => Math.log2(scales[i + 1]!.share / scales[i]!.share);
    expect(fitted).toBeLessThan(scales.length);
    expect(slope(scales.length - 2)).toBeGreaterThan(0.9);
    expect(alpha).toBeLessThan(0.5);
  });

  test("does not count seeds without a boundary, or with one near an end, but says so", () => {
    const seeds = [
      singleStep(2048, 1000),
      singleStep(2048, 900),
      singleStep(2048, 5),
      singleStep(2048, 2048),
    ];
    expect(fit(seeds)).toMatchObject({ seeds: 2, seeds_left_out: 2 });
  });

  test("the error over seeds is that of many samples of seeds", () => {
    const uniform = uniformStream(12);
    const seed = () => {
      const sides = singleStep(4096, 2000);
      // A number of windows above the edge that varies from seed to seed.
      for (let n = Math.floor(12 * uniform()); n > 0; n--) {
        const at = 2000 + Math.floor(1500 * uniform());
        sides.fill(0, at, at + 1 + Math.floor(6 * uniform()));
      }
      return sides;
    };
    const samples = Array.from({ length: 60 }, () => fit(Array.from({ length: 12 }, seed)));
    const mean = (of: (each: ExponentFit) => number) =>
      samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
    const average = mean(({ alpha }) => alpha);
    const spread = Math.sqrt(mean(({ alpha }) => (alpha - average) ** 2));
    const stated = mean(({ alpha_error }) => alpha_error!);
    expect(stated / spread).toBeGreaterThan(0.7);
    expect(stated / spread).toBeLessThan(1.5);
  });

  test.each<[string, Sides[], RegExp]>([
    ["few points", [singleStep(POINTS_MIN - 1, 500)], /too few/],
    ["no boundary", [singleStep(2048, 2048), singleStep(2048, 0)], /no boundary/],
    ["boundaries near an end", [singleStep(2048, 9)], /reach further/],
    ["no seeds", [], /too few/],
  ])("says why it cannot be measured: %s", (_, seeds, problem) => {
    expect(fitExponent(seeds, STEP)).toEqual({ problem: expect.stringMatching(problem) });
  });
});
