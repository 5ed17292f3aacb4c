import { type Extent, panned, type Viewport, zoomed } from "./viewport.ts";

/** A finger, in CSS pixels of the canvas. */
export interface Finger {
  readonly x: number;
  readonly y: number;
}

/** Fingers that are closer together are this far apart, so that they do not zoom without end. */
const APART_PX = 12;

/**
 * The view after fingers have moved, all of one moment: one moves it, two also zoom, and what lay
 * between them goes on doing so. `frame` is where the cells are.
 */
export function touched(
  view: Viewport,
  whole: Extent,
  frame: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  },
  before: readonly Finger[],
  after: readonly Finger[],
): Viewport {
  const { left, top, width, height } = frame;
  const from = middleOf(before);
  const to = middleOf(after);
  const factor = before.length < 2 ? 1 : spreadOf(before) / spreadOf(after);
  const at_x = (from.x - left) / width;
  const at_y = 1 - (from.y - top) / height;
  // Zoomed where the fingers were, then moved to where they are.
  const near = factor === 1 ? view : zoomed(view, whole, factor, at_x, at_y);
  return panned(near, whole, (from.x - to.x) / width, (to.y - from.y) / height);
}

function middleOf(fingers: readonly Finger[]): Finger {
  const mean = (of: (finger: Finger) => number) =>
    fingers.reduce((sum, finger) => sum + of(finger), 0) / fingers.length;
  return { x: mean(({ x }) => x), y: mean(({ y }) => y) };
}

function spreadOf([one, two]: readonly Finger[]): number {
  return Math.max(APART_PX, Math.hypot(one!.x - two!.x, one!.y - two!.y));
}
