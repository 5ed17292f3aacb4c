import { useEffect, useRef } from "preact/hooks";
import type { MapPainter } from "./map_painter.ts";
import { isWhole, panned, within, zoomed } from "./viewport.ts";

/** Pixels that a press may move and still be a click. */
const CLICK_PIXELS = 4;

interface Pointing {
  /** At a point of the canvas, in CSS pixels. */
  readonly point: (x: number, y: number) => void;
  readonly leave: () => void;
  readonly open: (x: number, y: number) => void;
}

/** Pointer and wheel on the map: point, click to open, drag to zoom, Shift-drag to move. */
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
    const on = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      listener: (event: HTMLElementEventMap[Name]) => void,
    ) => element.addEventListener(name, listener, { signal: abort.signal, passive: false });
    let pressed: { x: number; y: number; isPan: boolean; isDrag: boolean } | null = null;

    on("pointerdown", (event) => {
      if (event.button !== 0) return;
      const { offsetX: x, offsetY: y } = event;
      pressed = { x, y, isPan: event.shiftKey, isDrag: false };
      if (event.pointerType === "mouse") element.setPointerCapture(event.pointerId);
    });
    on("pointermove", ({ offsetX: x, offsetY: y }) => {
      const map = painter.current!;
      if (pressed === null) {
        latest.current.point(x, y);
        return;
      }
      if (Math.hypot(x - pressed.x, y - pressed.y) > CLICK_PIXELS) pressed.isDrag = true;
      if (!pressed.isDrag) return;
      if (pressed.isPan) {
        const { width, height } = map.frame;
        map.setView(
          panned(map.view, map.extent, (pressed.x - x) / width, (y - pressed.y) / height),
        );
        pressed = { ...pressed, x, y };
      } else {
        map.setBox({ x: pressed.x, y: pressed.y, to_x: x, to_y: y });
      }
    });
    on("pointerup", ({ offsetX: x, offsetY: y }) => {
      const map = painter.current!;
      const from = pressed;
      pressed = null;
      map.setBox(null);
      if (from === null) return;
      if (!from.isDrag) latest.current.open(x, y);
      else if (!from.isPan) zoomTo(map, from, { x, y });
    });
    on("pointercancel", () => {
      pressed = null;
      painter.current!.setBox(null);
    });
    on("pointerleave", () => {
      if (pressed === null) latest.current.leave();
    });
    on("wheel", (event) => {
      const map = painter.current!;
      const lines = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      // Where there is nothing to zoom out of, the page goes on.
      if (lines > 0 && isWhole(map.view, map.extent)) return;
      event.preventDefault();
      const { left, top, width, height } = map.frame;
      const factor = Math.exp(Math.min(Math.max(lines, -240), 240) / 400);
      const at_x = (event.offsetX - left) / width;
      const at_y = 1 - (event.offsetY - top) / height;
      map.setView(zoomed(map.view, map.extent, factor, clamp(at_x), clamp(at_y)));
    });
    return () => abort.abort();
  }, []);
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
