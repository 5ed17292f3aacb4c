import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { LiveBoundaries, Measures, SweepPlan } from "../../messages.ts";
import { isLog } from "../map/axis.ts";
import type { MapView } from "../map/views.ts";
import { Chart } from "../parts/chart.tsx";
import { chartOptions, type Line } from "../parts/chart_options.ts";
import { usePage } from "../parts/page_context.ts";
import { useSelected } from "../parts/store.ts";
import { GroupChooser } from "./group_chooser.tsx";
import { groupsOfView } from "./groups_of_view.ts";

type Quantity = Measures["curves"][number]["quantity"];

const LINES: Readonly<Record<Quantity, Line>> = {
  ntk_final: { label: "λ", ink: "ntk", dash: [], width: 2, has_band: true },
  ntk_initial: {
    label: "λ at step 0",
    ink: "ntk",
    dash: [2, 3],
    width: 1,
    has_band: false,
  },
  hessian_final: { label: "h", ink: "hessian", dash: [7, 4], width: 2, has_band: true },
  hessian_initial: {
    label: "h at step 0",
    ink: "hessian",
    dash: [2, 3],
    width: 1,
    has_band: false,
  },
  loss_final: { label: "loss", ink: "loss", dash: [], width: 2, has_band: true },
};

/** The y axis ends at so many times the largest usual median, if there is much above that. */
const CEILING = 1.5;

interface Props {
  readonly sweep: string;
  readonly plan: SweepPlan;
  readonly view: MapView;
  readonly boundaries: LiveBoundaries | null;
}

/** λ, h and the loss at the end against η, of one shape group. */
export function MeasuresSection({ sweep, plan, view, boundaries }: Props) {
  const groups = useMemo(() => groupsOfView(plan, view), [plan, view]);
  const [chosen, setChosen] = useState("");
  const group = groups.find(({ id }) => id === chosen) ?? groups[Math.floor(groups.length / 2)]!;
  const measures = useMeasures(sweep, group.id, boundaries);
  const marks = boundaries?.groups.find(({ shape_group }) => shape_group === group.id) ?? null;
  return (
    <section class="block" aria-labelledby="measures">
      <h2 id="measures">Along the learning rate</h2>
      <GroupChooser
        parameter={view.plane?.parameter ?? "group"}
        groups={groups}
        chosen={group.id}
        choose={setChosen}
      />
      {measures === null || measures.learning_rates.length === 0 ? (
        <p class="muted">No cell of this group is known yet.</p>
      ) : (
        <div class="charts">
          <MeasuresChart
            measures={measures}
            quantities={["ntk_final", "ntk_initial", "hessian_final", "hessian_initial"]}
            title="λ, h at the last step"
            marks={marks}
          />
          <MeasuresChart
            measures={measures}
            quantities={["loss_final"]}
            title="loss at the last step"
            marks={marks}
          />
        </div>
      )}
    </section>
  );
}

/** Fetched anew when boundaries are, which is every few seconds while cells come in. */
function useMeasures(sweep: string, shape_group: string, boundaries: LiveBoundaries | null) {
  const { api, store } = usePage();
  const [measures, setMeasures] = useState<Measures | null>(null);
  const epoch = useSelected(store, (state) => state.hello);
  const asked = useRef("");
  const wanted = useRef("");
  wanted.current = shape_group;
  useEffect(() => {
    // One request at a time for a group; boundaries come again.
    if (asked.current === shape_group) return;
    asked.current = shape_group;
    api
      .measures(sweep, shape_group)
      .then((found) => {
        if (wanted.current === found.shape_group) setMeasures(found);
      })
      .catch(() => {
        // Nothing is known of the group yet, or the coordinator is away: both pass.
      })
      .finally(() => {
        if (asked.current === shape_group) asked.current = "";
      });
  }, [sweep, shape_group, boundaries, epoch]);
  if (measures?.shape_group !== shape_group) return null;
  return measures;
}

interface ChartProps {
  readonly measures: Measures;
  readonly quantities: readonly Quantity[];
  readonly title: string;
  readonly marks: LiveBoundaries["groups"][number] | null;
}

function MeasuresChart({ measures, quantities, title, marks }: ChartProps) {
  const { scheme } = usePage();
  const curves = quantities.flatMap((quantity) =>
    measures.curves.filter((curve) => curve.quantity === quantity),
  );
  const latest = useRef(marks);
  latest.current = marks;
  const key = curves.map(({ quantity }) => quantity).join();
  const isLogX = isLog(measures.learning_rates);
  const isLogY = quantities[0] === "loss_final" && curves.every(({ low }) => low.every(isPositive));
  const ceiling = useMemo(() => (isLogY ? null : ceilingOf(measures, curves)), [measures, isLogY]);
  const options = useMemo(
    () =>
      chartOptions(
        { label: "learning rate η", is_log: isLogX },
        {
          label: ceiling === null ? title : `${title} (cut off)`,
          is_log: isLogY,
          ceiling,
        },
        curves.map(({ quantity }) => LINES[quantity]),
        () => latest.current,
      ),
    [scheme, key, isLogX, isLogY, ceiling, title],
  );
  const data = useMemo(() => dataOf(measures, curves), [measures, marks]);
  if (curves.length === 0) return null;
  const { learning_rates } = measures;
  const range = `${learning_rates[0]} to ${learning_rates[learning_rates.length - 1]}`;
  return (
    <Chart label={`${title} for η from ${range}`} height={280} data={data} options={options} />
  );
}

/** Where the y axis ends if a few values would press all others flat; null where none does. */
function ceilingOf({ cells }: Measures, curves: Measures["curves"]): number | null {
  const half = Math.max(...cells) / 2;
  const all = curves.flatMap(({ median, high }) => [...median, ...high]);
  // Where most runs diverged, those few that did not end wherever they are.
  const usual = curves.flatMap(({ median }) => median.filter((_, i) => cells[i]! >= half));
  const most = (values: readonly (number | null)[]) =>
    values.reduce<number>((sofar, value) => Math.max(sofar, value ?? 0), 0);
  const ceiling = CEILING * most(usual);
  return ceiling > 0 && most(all) > CEILING * ceiling ? ceiling : null;
}

function isPositive(value: number | null): boolean {
  return value === null || value > 0;
}

function dataOf(measures: Measures, curves: Measures["curves"]): uPlot.AlignedData {
  const columns: (number | null)[][] = [[...measures.learning_rates]];
  for (const { quantity, median, low, high } of curves) {
    columns.push([...median]);
    if (LINES[quantity].has_band) columns.push([...high], [...low]);
  }
  return columns as unknown as uPlot.AlignedData;
}
