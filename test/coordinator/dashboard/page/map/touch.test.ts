import fc from "fast-check";
import { expect, test } from "vitest";
import { touched } from "../../../../../coordinator/dashboard/page/map/touch.ts";

const WHOLE = { x_low: 0, x_high: 1000, y_low: 0, y_high: 1000, columns: 1000, rows: 1000 };
const VIEW = { x_low: 400, x_high: 600, y_low: 450, y_high: 550 };
const FRAME = { left: 60, top: 20, width: 800, height: 400 };

const finger = fc.record({
  x: fc.integer({ min: 60, max: 860 }),
  y: fc.integer({ min: 20, max: 420 }),
});
const small = fc.record({
  x: fc.integer({ min: -90, max: 90 }),
  y: fc.integer({ min: -90, max: 90 }),
});

/** What lies at a point of the canvas. */
function positionAt(view: typeof VIEW, { x, y }: { x: number; y: number }) {
  return {
    x: view.x_low + ((x - FRAME.left) / FRAME.width) * (view.x_high - view.x_low),
    y: view.y_high - ((y - FRAME.top) / FRAME.height) * (view.y_high - view.y_low),
  };
}

test("what lay under a finger goes with it", () => {
  fc.assert(
    fc.property(finger, small, (from, by) => {
      const to = { x: from.x + by.x, y: from.y + by.y };
      const view = touched(VIEW, WHOLE, FRAME, [from], [to]);
      const before = positionAt(VIEW, from);
      const after = positionAt(view, to);
      expect(after.x).toBeCloseTo(before.x, 6);
      expect(after.y).toBeCloseTo(before.y, 6);
      expect(view.x_high - view.x_low).toBeCloseTo(200, 6);
    }),
  );
});

test("what lay between two fingers stays there, and comes nearer as they part", () => {
  fc.assert(
    fc.property(
      finger,
      fc.integer({ min: 40, max: 200 }),
      fc.double({ min: 0.6, max: 3, noNaN: true }),
      small,
      (middle, apart, factor, by) => {
        const pair = (x: number, y: number, half: number) => [
          { x: x - half, y },
          { x: x + half, y },
        ];
        const before = pair(middle.x, middle.y, apart / 2);
        const after = pair(middle.x + by.x, middle.y + by.y, (apart / 2) * factor);
        const view = touched(VIEW, WHOLE, FRAME, before, after);
        expect(view.x_high - view.x_low).toBeCloseTo(200 / factor, 6);
        expect(view.y_high - view.y_low).toBeCloseTo(100 / factor, 6);
        const to = { x: middle.x + by.x, y: middle.y + by.y };
        const [was, is] = [positionAt(VIEW, middle), positionAt(view, to)];
        expect(is.x).toBeCloseTo(was.x, 6);
        expect(is.y).toBeCloseTo(was.y, 6);
      },
    ),
  );
});

test("nothing outside of the map comes into view, and fingers on one spot zoom to an end", () => {
  const at = { x: 100, y: 100 };
  const far = touched(VIEW, WHOLE, FRAME, [at], [{ x: 9_000, y: -9_000 }]);
  expect(far).toEqual({ x_low: 0, x_high: 200, y_low: 0, y_high: 100 });
  const apart = [at, { x: 300, y: 300 }];
  expect(touched(VIEW, WHOLE, FRAME, [at, at], apart)).toMatchObject({
    x_low: expect.any(Number),
    y_low: expect.any(Number),
  });
  const out = touched(VIEW, WHOLE, FRAME, [at, { x: 700, y: 100 }], [at, at]);
  expect(out).toEqual({ x_low: 0, x_high: 1000, y_low: 0, y_high: 1000 });
});
