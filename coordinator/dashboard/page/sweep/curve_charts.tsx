import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import type { Curve } from "../../messages.ts";
import { Chart } from "../parts/chart.tsx";
import { chartOptions, type Line } from "../parts/chart_options.ts";
import { usePage } from "../parts/page_context.ts";

const LINES: Readonly<Record<"loss" | "ntk" | "hessian", Line>> = {
  loss: { label: "loss", ink: "loss", dash: [], width: 2, has_band: false },
  ntk: { label: "λ", ink: "ntk", dash: [], width: 2, has_band: false },
  hessian: { label: "h", ink: "hessian", dash: [7, 4], width: 2, has_band: false },
};

/** Spans of a loss above which its axis is logarithmic. */
const LOG_SPAN = 30;

/** The loss along training, and λ and h where they are known. */
export function CurveCharts({ curve, group_class }: { curve: Curve; group_class: string }) {
  const { scheme } = usePage();
  const isLog = useMemo(() => spansFar(curve.loss), [curve]);
  const hasNtk = curve.ntk !== null;
  const hasHessian = curve.hessian !== null;
  const x = { label: "step", is_log: false };
  const loss = useMemo(
    () => chartOptions(x, { label: "loss", is_log: isLog }, [LINES.loss], () => null),
    [scheme, isLog],
  );
  const measures = useMemo(() => {
    const lines = [...(hasNtk ? [LINES.ntk] : []), ...(hasHessian ? [LINES.hessian] : [])];
    return chartOptions(x, { label: "λ, h", is_log: false }, lines, () => null);
  }, [scheme, hasNtk, hasHessian]);
  const { steps } = curve;
  const data = useMemo(() => [steps, curve.loss] as unknown as uPlot.AlignedData, [curve]);
  const measuresData = useMemo(
    () =>
      [
        steps,
        ...(curve.ntk === null ? [] : [curve.ntk]),
        ...(curve.hessian === null ? [] : [curve.hessian]),
      ] as unknown as uPlot.AlignedData,
    [curve],
  );
  const source = curve.source === "recorded" ? "recorded by the sweep" : "trained again just now";
  return (
    <>
      <Chart
        label={`Loss along ${steps.length} steps, ${source}`}
        height={220}
        data={data}
        options={loss}
      />
      {(hasNtk || hasHessian) && (
        <Chart label="λ and h along training" height={200} data={measuresData} options={measures} />
      )}
      <p class="muted">{`The curve was ${source}.`}</p>
      {curve.numeric_class !== group_class && (
        <p class="trouble">
          It is of the class {curve.numeric_class}; the cell is {group_class}, and its phase may
          differ.
        </p>
      )}
    </>
  );
}

function spansFar(values: readonly (number | null)[]): boolean {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > 0 && high > LOG_SPAN * low;
}
