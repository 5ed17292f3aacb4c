import { spawnSync } from "node:child_process";
import { gramEngine } from "../../worker/engine/gram.ts";
import { formatNumber, formatTable } from "./table.ts";
import { makeBatch, shapeOf } from "./workload.ts";

/** One seed's cells × width × steps. */
interface Point {
  readonly cells: number;
  readonly width: number;
  readonly steps: number;
}

interface Measured extends Point {
  /** Time of a one-step run of one cell: drawing and folding the starting weights. */
  readonly start_seconds: number;
  /** Time of the whole batch. */
  readonly seconds: number;
  /** Steps of all cells together: more than cells × steps where runs had to go on beyond T. */
  readonly run_steps: number;
  readonly nanoseconds_per_run_step: number;
  /** Largest resident set of the process, with Node itself in it. */
  readonly peak_mebibytes: number;
}

/** One axis grows at a time, the others stay small. */
function points(large: boolean): Point[] {
  const powers = (low: number, high: number): number[] =>
    Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return [
    ...powers(4, large ? 7 : 6).map((cells) => ({ cells, width: 100, steps: 100 })),
    ...powers(2, 7).map((width) => ({ cells: 10_000, width, steps: 100 })),
    ...powers(2, 5).map((steps) => ({ cells: 1000, width: 100, steps })),
  ];
}

/** Measures one point in this process, which should do nothing else. Prints JSON. */
export function measureGrowthPoint(text: string): void {
  const point = JSON.parse(text) as Point;
  const { cells, width, steps } = point;
  gramEngine.run(makeBatch(shapeOf(100, 100), 0, 1, 1000)); // compiles the hot code
  const timed = (steps: number, rates: number): { seconds: number; run_steps: number } => {
    const batch = makeBatch(shapeOf(width, steps), 0, 1, rates);
    const start = performance.now();
    const { horizon_steps, diverged_at } = gramEngine.run(batch);
    const seconds = (performance.now() - start) / 1000;
    const taken = horizon_steps.map((horizon, i) =>
      diverged_at[i]! < 0 ? horizon : diverged_at[i]!,
    );
    return { seconds, run_steps: taken.reduce((sum, count) => sum + count, 0) };
  };
  const { seconds: start_seconds } = timed(1, 1);
  const { seconds, run_steps } = timed(steps, cells);
  const measured: Measured = {
    ...point,
    start_seconds,
    seconds,
    run_steps,
    nanoseconds_per_run_step: (1e9 * Math.max(0, seconds - start_seconds)) / run_steps,
    peak_mebibytes: process.resourceUsage().maxRSS / 1024,
  };
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}

/** Measures every point in a process of its own, one after another. */
export function benchGrowth(script: string, large: boolean): Measured[] {
  return points(large).map((point) => {
    const child = spawnSync(process.execPath, [script, "growth-point", JSON.stringify(point)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (child.status !== 0) throw new Error(`growth at ${JSON.stringify(point)} failed`);
    return JSON.parse(child.stdout) as Measured;
  });
}

export function formatGrowthReport(rows: readonly Measured[]): string {
  const whole = (value: number): string => value.toLocaleString("en-US");
  return formatTable([
    ["cells", "width", "steps", "start s", "total s", "run-steps", "ns/run-step", "peak MiB"],
    ...rows.map((row) => [
      whole(row.cells),
      whole(row.width),
      whole(row.steps),
      formatNumber(row.start_seconds),
      formatNumber(row.seconds),
      formatNumber(row.run_steps),
      formatNumber(row.nanoseconds_per_run_step),
      formatNumber(row.peak_mebibytes),
    ]),
  ]);
}
