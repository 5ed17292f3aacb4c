import { useEffect, useRef } from "preact/hooks";
import type { MapPainter } from "./map_painter.ts";
import { type Finger, touched } from "./touch.ts";
import { isWhole, within, zoomed } from "./viewport.ts";

/** Pixels that a press may move and still be a click. */
const CLICK_PIXELS = 4;

interface Pointing {
  /** At a point of the canvas, in CSS pixels. */
  readonly point: (x: number, y: number) => void;
  readonly leave: () => void;
  readonly open: (x: number, y: number) => void;
}

/**
 * Pointer and wheel on the map: point, click to open, drag to zoom, Shift-drag to move. Fingers move
 * and zoom instead, and tap to open.
 */
export function usePointer(
  canvas: { readonly current: HTMLCanvasElement | null },
  painter: { readonly current: MapPainter | null },
  pointing: Pointing,
): void {
  const latest = useRef(pointing);
  latest.current = pointing;
  useEffect(() => {
    const element = canvas.current!;
    const abort = new AbortController();
    const on: Listen = (name, listener) =>
      element.addEventListener(name, listener, { signal: abort.signal, passive: false });
    const map = () => painter.current!;
    onMouse(element, on, map, latest);
    onFingers(on, map, latest);
    on("wheel", (event) => {
      const { view, extent, frame } = map();
      const lines = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      // Where there is nothing to zoom out of, the page goes on.
      if (lines > 0 && isWhole(view, extent)) return;
      event.preventDefault();
      const { left, top, width, height } = frame;
      const factor = Math.exp(Math.min(Math.max(lines, -240), 240) / 400);
      const at_x = (event.offsetX - left) / width;
      const at_y = 1 - (event.offsetY - top) / height;
      map().setView(zoomed(view, extent, factor, clamp(at_x), clamp(at_y)));
    });
    return () => abort.abort();
  }, []);
}

type Listen = <Name extends keyof HTMLElementEventMap>(
  name: Name,
  listener: (event: HTMLElementEventMap[Name]) => void,
) => void;
type Latest = { readonly current: Pointing };

function isFinger({ pointerType }: PointerEvent): boolean {
  return pointerType === "touch";
}

/** Of a mouse or a pen. */
function onMouse(element: HTMLElement, on: Listen, map: () => MapPainter, latest: Latest): void {
  let pressed: { x: number; y: number; isPan: boolean; isDrag: boolean } | null = null;
  on("pointerdown", (event) => {
    if (isFinger(event) || event.button !== 0) return;
    const { offsetX: x, offsetY: y } = event;
    pressed = { x, y, isPan: event.shiftKey, isDrag: false };
    element.setPointerCapture(event.pointerId);
  });
  on("pointermove", (event) => {
    if (isFinger(event)) return;
    const { offsetX: x, offsetY: y } = event;
    if (pressed === null) {
      latest.current.point(x, y);
      return;
    }
    if (isFar(pressed, { x, y })) pressed.isDrag = true;
    if (!pressed.isDrag) return;
    if (pressed.isPan) {
      const { view, extent, frame } = map();
      map().setView(touched(view, extent, frame, [pressed], [{ x, y }]));
      pressed = { ...pressed, x, y };
    } else {
      map().setBox({ x: pressed.x, y: pressed.y, to_x: x, to_y: y });
    }
  });
  on("pointerup", (event) => {
    if (isFinger(event)) return;
    const { offsetX: x, offsetY: y } = event;
    const from = pressed;
    pressed = null;
    map().setBox(null);
    if (from === null) return;
    if (!from.isDrag) latest.current.open(x, y);
    else if (!from.isPan) zoomTo(map(), from, { x, y });
  });
  on("pointercancel", () => {
    pressed = null;
    map().setBox(null);
  });
  on("pointerleave", (event) => {
    if (!isFinger(event) && pressed === null) latest.current.leave();
  });
}

/**
 * Of fingers, which the browser keeps to itself where the page scrolls by them: one, while all of the
 * map is shown (`touch-action` in the style of maps that are not zoomed).
 */
function onFingers(on: Listen, map: () => MapPainter, latest: Latest): void {
  const fingers = new Map<number, Finger>();
  /** Where the first went down; null once they have moved, or were several. */
  let tapped: Finger | null = null;
  on("pointerdown", (event) => {
    if (!isFinger(event)) return;
    const at = { x: event.offsetX, y: event.offsetY };
    tapped = fingers.size === 0 ? at : null;
    fingers.set(event.pointerId, at);
  });
  on("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const at = { x: event.offsetX, y: event.offsetY };
    if (tapped !== null && !isFar(tapped, at)) return;
    tapped = null;
    const before = [...fingers.values()].slice(0, 2);
    fingers.set(event.pointerId, at);
    const after = [...fingers.values()].slice(0, 2);
    const { view, extent, frame } = map();
    map().setView(touched(view, extent, frame, before, after));
  });
  on("pointerup", ({ pointerId }) => {
    if (fingers.delete(pointerId) && tapped !== null) latest.current.open(tapped.x, tapped.y);
  });
  on("pointercancel", ({ pointerId }) => {
    tapped = null;
    fingers.delete(pointerId);
  });
  // Two fingers are the map's, whatever the page would do with one.
  for (const name of ["touchstart", "touchmove"] as const) {
    on(name, (event) => {
      if (event.touches.length > 1 && event.cancelable) event.preventDefault();
    });
  }
}

function isFar(from: Finger, to: Finger): boolean {
  return Math.hypot(to.x - from.x, to.y - from.y) > CLICK_PIXELS;
}

/** Zooms into a box; one that is flat keeps the other axis as it is. */
function zoomTo(
  map: MapPainter,
  from: { readonly x: number; readonly y: number },
  to: { readonly x: number; readonly y: number },
): void {
  const a = map.positionAt(Math.min(from.x, to.x), Math.max(from.y, to.y));
  const b = map.positionAt(Math.max(from.x, to.x), Math.min(from.y, to.y));
  const { view } = map;
  const isFlatX = Math.abs(from.x - to.x) <= CLICK_PIXELS * 2;
  const isFlatY = Math.abs(from.y - to.y) <= CLICK_PIXELS * 2;
  map.setView(
    within(
      {
        x_low: isFlatX ? view.x_low : Math.max(a.x, view.x_low),
        x_high: isFlatX ? view.x_high : Math.min(b.x, view.x_high),
        y_low: isFlatY ? view.y_low : Math.max(a.y, view.y_low),
        y_high: isFlatY ? view.y_high : Math.min(b.y, view.y_high),
      },
      map.extent,
    ),
  );
}

function clamp(part: number): number {
  return Math.min(Math.max(part, 0), 1);
}
