import { describe, expect, test } from "vitest";
import { CATAPULT, DIVERGENT, LAZY, UNSETTLED } from "../../../shared/phases.ts";
import { PhaseTracker } from "../../../worker/engine/phase_tracker.ts";

/** Feeds L(t) = loss(t) to a tracker with horizon T; returns it and the last t it asked for. */
function follow(steps: number, loss: (t: number) => number, size: (t: number) => number = () => 1) {
  const tracker = new PhaseTracker(steps);
  tracker.start();
  let t = 0;
  while (tracker.observe(t, loss(t), size(t), true)) t += 1;
  return { tracker, last: t };
}

describe("the phase at T", () => {
  test("a loss that never rises is lazy", () => {
    const { tracker, last } = follow(100, (t) => 1 / (1 + t));
    expect(tracker).toMatchObject({ phase: LAZY, horizonSteps: 100, increases: 0 });
    expect(tracker).toMatchObject({ lastIncreaseStep: -1, divergedAt: -1, lossFinal: 1 / 101 });
    expect(last).toBe(100);
  });

  test("a rise that ends well is a catapult", () => {
    const { tracker } = follow(100, (t) => (t === 3 ? 5 : 1 / (1 + t)));
    expect(tracker).toMatchObject({ phase: CATAPULT, increases: 1, lastIncreaseStep: 3 });
    expect(tracker).toMatchObject({ lossMax: 5, lossMaxStep: 3, lossInitial: 1 });
  });

  test("a rise within rounding is none", () => {
    const rise = (relative: number) =>
      follow(50, (t) => (t < 10 ? 1 : t < 20 ? 1 + relative : 0.5)).tracker.increases;
    expect(rise(0.9e-12)).toBe(0);
    expect(rise(1.1e-12)).toBe(1);
    const tiny = (loss: number) => follow(50, (t) => (t === 0 ? 1 : t === 9 ? loss : 0)).tracker;
    expect(tiny(0.9e-24).increases).toBe(0);
    expect(tiny(1.1e-24).increases).toBe(1);
  });
});

describe("divergence", () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY])("a loss of %d", (bad) => {
    const { tracker, last } = follow(100, (t) => (t === 7 ? bad : 1 / (1 + t)));
    expect(tracker).toMatchObject({ phase: DIVERGENT, divergedAt: 7, horizonSteps: 100 });
    expect(tracker).toMatchObject({ lossFinal: bad, increases: 0 });
    expect(tracker.lossMax).toBe(Number.isNaN(bad) ? 1 : bad);
    expect(last).toBe(7);
  });

  test("a state beyond 1e12 (1 + its initial squared size), and no smaller one", () => {
    const grown = (size: number) =>
      follow(
        100,
        (t) => 1 / (1 + t),
        (t) => (t === 5 ? size : 3),
      );
    expect(grown(4e12).tracker.phase).toBe(LAZY);
    expect(grown(4.001e12).tracker).toMatchObject({ phase: DIVERGENT, divergedAt: 5 });
    expect(grown(Number.NaN).tracker.phase).toBe(DIVERGENT);
  });

  test("a gradient that is not finite", () => {
    const tracker = new PhaseTracker(10);
    tracker.start();
    expect(tracker.observe(0, 1, 1, false)).toBe(false);
    expect(tracker).toMatchObject({ phase: DIVERGENT, divergedAt: 0, lossMax: 1, lossFinal: 1 });
  });
});

describe("runs that end no better than they began", () => {
  test("are carried to 64 T and then called unsettled", () => {
    const { tracker, last } = follow(100, () => 1);
    expect(tracker).toMatchObject({ phase: UNSETTLED, horizonSteps: 6400, increases: 0 });
    expect(last).toBe(6400);
  });

  test("only the last 20 losses are averaged", () => {
    expect(follow(100, (t) => (t === 0 || t > 80 ? 1 : 9)).last).toBe(6400);
    expect(follow(100, (t) => (t === 0 || t > 81 ? 1 : 0)).last).toBe(100);
  });

  test("settle at 8 T with the numbers of the first T steps", () => {
    const { tracker, last } = follow(100, (t) =>
      t === 0 ? 1 : t <= 400 ? 2 : t === 500 ? 3 : 0.5,
    );
    expect(tracker).toMatchObject({ phase: CATAPULT, horizonSteps: 800, divergedAt: -1 });
    expect(tracker).toMatchObject({ increases: 1, lastIncreaseStep: 1, lossFinal: 2, lossMax: 2 });
    expect(last).toBe(800);
  });

  test("are a catapult at 8 T by a rise after T alone", () => {
    const { tracker } = follow(100, (t) => (t <= 100 ? 1 : t === 500 ? 3 : 0.5));
    expect(tracker).toMatchObject({ phase: CATAPULT, horizonSteps: 800, increases: 0 });
  });

  test("may diverge after T", () => {
    const { tracker } = follow(100, (t) => (t === 900 ? Number.NaN : 1));
    expect(tracker).toMatchObject({ phase: DIVERGENT, horizonSteps: 6400, divergedAt: 900 });
    expect(tracker).toMatchObject({ lossFinal: 1, lossMax: 1 });
  });
});

test("start forgets the run before", () => {
  const { tracker } = follow(100, (t) => (t === 900 ? Number.NaN : 1 + t));
  tracker.start();
  for (let t = 0; tracker.observe(t, 2 / (1 + t), 1, true); t++);
  const { tracker: fresh } = follow(100, (t) => 2 / (1 + t));
  const visible = ({ phase, horizonSteps, lossMax, increases, divergedAt }: PhaseTracker) => [
    phase,
    horizonSteps,
    lossMax,
    increases,
    divergedAt,
  ];
  expect(visible(tracker)).toEqual(visible(fresh));
});
