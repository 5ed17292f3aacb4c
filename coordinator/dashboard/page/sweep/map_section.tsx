import { useEffect, useMemo, useState } from "preact/hooks";
import type { LiveBoundaries, SweepPlan } from "../../messages.ts";
import type { SweepData } from "../live/sweep_data.ts";
import { MapLegend } from "../map/map_legend.tsx";
import { mapModel, type Spot, spotOfCell } from "../map/map_model.ts";
import { mapSummary } from "../map/map_summary.ts";
import { PhaseMap } from "../map/phase_map.tsx";
import { SpotText } from "../map/spot_text.tsx";
import type { MapView } from "../map/views.ts";
import { useCounts } from "./use_counts.ts";
import type { CellsListener } from "./use_sweep_data.ts";
import { ViewChooser } from "./view_chooser.tsx";

interface Props {
  readonly data: SweepData;
  readonly plan: SweepPlan;
  readonly views: readonly MapView[];
  readonly view: MapView;
  readonly choose: (view: string) => void;
  readonly generation: number;
  readonly listen: (listener: CellsListener) => () => void;
  readonly boundaries: LiveBoundaries | null;
  readonly cell: number | null;
  readonly openCell: (cell: number | null) => void;
}

/** The phase map with its chooser, legend and read-out. */
export function MapSection(props: Props) {
  const { data, plan, views, view, choose, generation, listen, boundaries, cell, openCell } = props;
  const [spot, setSpot] = useState<Spot | null>(null);
  const model = useMemo(
    () => (plan.no_map === null && data.states.length > 0 ? mapModel(plan, view) : null),
    [plan, view],
  );
  const shown = useMemo(() => {
    if (boundaries === null) return null;
    const wanted = new Set(view.shape_groups);
    const groups = boundaries.groups.filter(({ shape_group }) => wanted.has(shape_group));
    return { ...boundaries, groups };
  }, [boundaries, view]);
  useEffect(() => setSpot(null), [view]);
  const opened = useMemo(
    () => (model === null || cell === null ? null : spotOfCell(model, cell)),
    [model, cell],
  );
  const counts = useCounts(model, data.states, listen);
  const summary = useMemo(
    () => (model === null ? "" : mapSummary(model, counts, shown)),
    [model, shown, counts],
  );
  return (
    <section class="block" aria-labelledby="map">
      <h2 id="map">Phases</h2>
      <ViewChooser views={views} view={view} choose={choose} />
      {plan.no_map !== null && <p class="muted">{plan.no_map}</p>}
      {model !== null && (
        <>
          <PhaseMap
            {...{ model, generation, listen, spot, setSpot, openCell }}
            key={view.id}
            states={data.states}
            boundaries={shown}
            opened={opened}
            summary={summary}
          />
          <SpotText model={model} states={data.states} spot={spot ?? opened} plan={plan} />
          <MapLegend counts={counts} />
          <p class="hint for-touch">
            Two fingers zoom; one moves what is zoomed, and opens the cell that it taps.
          </p>
          <p class="hint for-mouse">
            Drag to zoom, with Shift to move; wheel, + and − zoom too, 0 shows all. Arrow keys go
            from cell to cell, Enter opens one.
          </p>
        </>
      )}
    </section>
  );
}
