/** The part of a map that is shown, in positions on its axes; y upwards. */
export interface Viewport {
  readonly x_low: number;
  readonly x_high: number;
  readonly y_low: number;
  readonly y_high: number;
}

/** Cells a side that stay in view at the closest. */
const CELLS_MIN = 3;

export interface Extent extends Viewport {
  /** Numbers of columns and rows. */
  readonly columns: number;
  readonly rows: number;
}

/** Zooms by `factor` (below 1: closer) around a point, given in parts of the view from bottom left. */
export function zoomed(
  view: Viewport,
  whole: Extent,
  factor: number,
  at_x: number,
  at_y: number,
): Viewport {
  const x = view.x_low + at_x * (view.x_high - view.x_low);
  const y = view.y_low + at_y * (view.y_high - view.y_low);
  return within(
    {
      x_low: x + (view.x_low - x) * factor,
      x_high: x + (view.x_high - x) * factor,
      y_low: y + (view.y_low - y) * factor,
      y_high: y + (view.y_high - y) * factor,
    },
    whole,
  );
}

/** Moves by parts of the view's width and height. */
export function panned(view: Viewport, whole: Extent, by_x: number, by_y: number): Viewport {
  const dx = by_x * (view.x_high - view.x_low);
  const dy = by_y * (view.y_high - view.y_low);
  return within(
    {
      x_low: view.x_low + dx,
      x_high: view.x_high + dx,
      y_low: view.y_low + dy,
      y_high: view.y_high + dy,
    },
    whole,
  );
}

/** The nearest view that shows nothing outside of the map and at least a few cells of it. */
export function within(view: Viewport, whole: Extent): Viewport {
  const [x_low, x_high] = side(view.x_low, view.x_high, whole.x_low, whole.x_high, whole.columns);
  const [y_low, y_high] = side(view.y_low, view.y_high, whole.y_low, whole.y_high, whole.rows);
  return { x_low, x_high, y_low, y_high };
}

function side(
  low: number,
  high: number,
  whole_low: number,
  whole_high: number,
  cells: number,
): [number, number] {
  const whole = whole_high - whole_low;
  const smallest = (whole * Math.min(CELLS_MIN, cells)) / cells;
  const length = Math.min(whole, Math.max(high - low, smallest));
  const middle = (low + high) / 2;
  const start = Math.min(Math.max(middle - length / 2, whole_low), whole_high - length);
  return length >= whole ? [whole_low, whole_high] : [start, start + length];
}

export function isWhole(view: Viewport, whole: Extent): boolean {
  return (
    view.x_low <= whole.x_low &&
    view.x_high >= whole.x_high &&
    view.y_low <= whole.y_low &&
    view.y_high >= whole.y_high
  );
}
