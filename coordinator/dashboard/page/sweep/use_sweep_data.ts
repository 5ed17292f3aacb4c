import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type ChangedCells, SweepData } from "../live/sweep_data.ts";
import { usePage } from "../parts/page_context.ts";

/** Who wants to hear of cells that changed. */
export type CellsListener = (cells: readonly ChangedCells[]) => void;

/**
 * Plan, cells and failures of a sweep, taken anew after each hello of the stream. `generation` is
 * another number when they were; `listen` hears of single cells, which render nothing.
 */
export function useSweepData(sweep: string, cells_failed: number) {
  const { api, store } = usePage();
  const [generation, setGeneration] = useState(0);
  const listeners = useRef(new Set<CellsListener>());
  const data = useMemo(
    () =>
      new SweepData(api, sweep, (cells) => {
        if (cells === null) setGeneration((last) => last + 1);
        else if (cells.length > 0) for (const listener of listeners.current) listener(cells);
      }),
    [api, sweep],
  );
  // Before the stream is opened with this sweep, so that none of its events is missed.
  useLayoutEffect(() => {
    const end = store.listen((event) => {
      if (event.name === "hello") void data.load();
      else if (event.name === "plan" && event.data.sweep === sweep) void data.load();
      else if (event.name === "cells") data.cellsChanged(event.data);
    });
    return () => {
      end();
      data.close();
    };
  }, [data]);
  useEffect(() => {
    if (cells_failed > 0) void data.loadFailures();
  }, [data, cells_failed]);
  const listen = (listener: CellsListener) => {
    listeners.current.add(listener);
    return () => listeners.current.delete(listener);
  };
  return { data, generation, listen };
}
