import { useEffect, useRef } from "preact/hooks";
import type { LiveBoundaries } from "../../messages.ts";
import { usePage } from "../parts/page_context.ts";
import { inkOf } from "../parts/theme.ts";
import type { CellsListener } from "../sweep/use_sweep_data.ts";
import { type KeyAction, keyAction, ZOOM } from "./key_action.ts";
import { type MapModel, type Spot, spotAt, spotOf } from "./map_model.ts";
import { MapPainter } from "./map_painter.ts";
import { pixelPalette } from "./palette.ts";
import { usePointer } from "./use_pointer.ts";
import { panned, zoomed } from "./viewport.ts";

interface Props {
  readonly model: MapModel;
  readonly states: Uint8Array;
  readonly generation: number;
  readonly listen: (listener: CellsListener) => () => void;
  readonly boundaries: LiveBoundaries | null;
  readonly spot: Spot | null;
  readonly setSpot: (spot: Spot | null) => void;
  readonly opened: Spot | null;
  readonly openCell: (cell: number | null) => void;
  /** The map in words. */
  readonly summary: string;
}

/** The map as a canvas that is read with the pointer or with keys. */
export function PhaseMap(props: Props) {
  const { model, states, generation, listen, boundaries, spot, setSpot, opened, openCell } = props;
  const { frames, scheme } = usePage();
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<MapPainter | null>(null);
  const shownModel = useRef<MapModel | null>(null);

  useEffect(() => {
    painter.current = new MapPainter(canvas.current!, frames);
    return () => painter.current?.close();
  }, []);
  useEffect(() => {
    painter.current!.setModel(model, states, shownModel.current !== null);
    shownModel.current = model;
  }, [model, generation]);
  useEffect(() => {
    const font_px = 0.78 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const ink = { ground: inkOf("ground"), text: inkOf("text"), muted: inkOf("muted"), font_px };
    painter.current!.setColours(pixelPalette(scheme), ink);
  }, [scheme]);
  useEffect(() => painter.current!.setBoundaries(boundaries), [boundaries]);
  useEffect(() => painter.current!.setSpot(spot ?? opened), [spot, opened]);
  useEffect(() => {
    const end = listen((cells) => painter.current!.cellsChanged(cells));
    return () => void end();
  }, []);
  useSize(canvas, painter);
  const open = (at: Spot | null) => {
    if (at !== null && at.cells.length > 0) openCell(at.cells[0]!);
  };
  usePointer(canvas, painter, {
    point: (x, y) => {
      const at = painter.current!.positionAt(x, y);
      setSpot(spotAt(shownModel.current!, at.x, at.y));
    },
    leave: () => setSpot(null),
    open: (x, y) => {
      const at = painter.current!.positionAt(x, y);
      open(spotAt(shownModel.current!, at.x, at.y));
    },
  });

  const press = (event: KeyboardEvent) => {
    const action = keyAction(event);
    if (action === null) return;
    act(action);
    event.preventDefault();
  };
  const act = (action: KeyAction) => {
    const map = painter.current!;
    switch (action.does) {
      case "zoom":
        map.setView(zoomed(map.view, map.extent, action.factor, 0.5, 0.5));
        break;
      case "pan":
        map.setView(panned(map.view, map.extent, action.x, action.y));
        break;
      case "reset":
        map.setView(map.extent);
        break;
      case "step": {
        const next = stepped(model, spot ?? opened, map, action.x, action.y);
        setSpot(next);
        map.reveal(next);
        break;
      }
      case "open":
        open(spot ?? opened);
    }
  };
  return (
    <div class="map">
      <fieldset class="map-tools" aria-label="View of the map">
        <button
          type="button"
          aria-label="Zoom in"
          onClick={() => act({ does: "zoom", factor: 1 / ZOOM })}
        >
          +
        </button>
        <button
          type="button"
          aria-label="Zoom out"
          onClick={() => act({ does: "zoom", factor: ZOOM })}
        >
          −
        </button>
        <button type="button" onClick={() => act({ does: "reset" })}>
          All
        </button>
      </fieldset>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: its keys are its own */}
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-roledescription="phase map"
        aria-label={props.summary}
        onKeyDown={press}
      />
    </div>
  );
}

/** The neighbour of a cell; of none the middle of what is shown. */
function stepped(model: MapModel, from: Spot | null, map: MapPainter, x: number, y: number): Spot {
  if (from === null) {
    const { x_low, x_high, y_low, y_high } = map.view;
    const middle = spotAt(model, (x_low + x_high) / 2, (y_low + y_high) / 2);
    return middle ?? spotOf(model, 0, 0);
  }
  const row = Math.min(Math.max(from.row + y, 0), model.values.length - 1);
  const columns = model.columns[model.columns_of[row]!]!.rates.length;
  if (row === from.row) {
    return spotOf(model, row, Math.min(Math.max(from.column + x, 0), columns - 1));
  }
  // Rows may have learning rates of their own: the same place, not the same number.
  const { edges } = model.columns[model.columns_of[from.row]!]!;
  const position = (edges[from.column]! + edges[from.column + 1]!) / 2;
  const middle = (model.row_edges[row]! + model.row_edges[row + 1]!) / 2;
  return spotAt(model, position, middle) ?? spotOf(model, row, Math.min(from.column, columns - 1));
}

function useSize(
  canvas: { readonly current: HTMLCanvasElement | null },
  painter: { readonly current: MapPainter | null },
): void {
  useEffect(() => {
    const element = canvas.current!;
    const measure = () => {
      const { clientWidth, clientHeight } = element;
      painter.current!.setSize(clientWidth, clientHeight, devicePixelRatio);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
}
