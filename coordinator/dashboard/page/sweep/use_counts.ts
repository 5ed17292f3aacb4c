import { useEffect, useState } from "preact/hooks";
import { CellCount } from "../map/cell_count.ts";
import type { MapModel } from "../map/map_model.ts";
import { usePage } from "../parts/page_context.ts";
import type { CellsListener } from "./use_sweep_data.ts";

/** How long after a change cells are counted again. */
const PAUSE_MS = 2_000;
/** Cells of a slice: some milliseconds. */
const SLICE_CELLS = 400_000;

/** Cells of a map by code, counted anew now and then while cells come in; [] before the first time. */
export function useCounts(
  model: MapModel | null,
  states: Uint8Array,
  listen: (listener: CellsListener) => () => void,
): readonly number[] {
  const { browser, frames } = usePage();
  const [counts, setCounts] = useState<readonly number[]>([]);
  useEffect(() => {
    if (model === null) return;
    let isEnded = false;
    let isCounting = false;
    let isStale = false;
    let forget = () => {};
    const count = () => {
      const counting = new CellCount(model, states);
      isCounting = true;
      isStale = false;
      const slice = () => {
        if (isEnded) return;
        if (!counting.advance(SLICE_CELLS)) {
          frames.request(slice);
          return;
        }
        setCounts(counting.counts);
        isCounting = false;
        if (isStale) forget = browser.later(count, PAUSE_MS);
      };
      slice();
    };
    count();
    const end = listen(() => {
      if (!isStale && !isCounting) forget = browser.later(count, PAUSE_MS);
      isStale = true;
    });
    return () => {
      isEnded = true;
      end();
      forget();
    };
  }, [model, states]);
  return counts;
}
