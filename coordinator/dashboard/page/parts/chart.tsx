import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

interface Props {
  /** What the chart shows, in words. */
  readonly label: string;
  readonly height: number;
  readonly data: uPlot.AlignedData;
  /** All but the size; another object makes another chart. */
  readonly options: Omit<uPlot.Options, "width" | "height">;
}

/** A uPlot as wide as the room it has. */
export function Chart({ label, height, data, options }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const element = place.current!;
    const size = () => ({ width: Math.max(200, Math.floor(element.clientWidth)), height });
    const made = new uPlot({ ...options, ...size() }, data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (made.width !== size().width) made.setSize(size());
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [options, height]);
  useEffect(() => plot.current?.setData(data), [data]);
  return <div class="chart" role="img" aria-label={label} ref={place} />;
}
