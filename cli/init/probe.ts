import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../shared/clock.ts";
import { DIVERGENT, LAZY } from "../../shared/phases.ts";
import { axisPoints } from "../../shared/spec/axes.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { StoredDatasets } from "../../shared/spec/read_datasets.ts";
import { Retrainer, type Start } from "../retrain.ts";
import { measureSpeed } from "./measure_speed.ts";

/** Learning rates of the first look: every half octave over eight decades. */
const LOOK_OCTAVES = [-14, 14] as const;
const LOOK_STEP = 0.5;
const LOOK_SEEDS = 4;
/** Room on either side of the boundaries that were seen, and the range where there are none. */
const ROOM = 4;
const SIGHTLESS = { low: 0.25, high: 256 };

/** Trains a few cells of a sweep, to see where its phases change and how fast this machine is. */
export interface Probe {
  /** Learning rates from where all is lazy to where all diverges, of all groups together. */
  range(text: string, origin: string): Promise<{ readonly low: number; readonly high: number }>;
  /** Cells per second of one core, in batches as the sweep has them. */
  speed(text: string, origin: string): Promise<number>;
}

/** `origin`: the path of the sweep file, where relative paths in it begin. */
export function machineProbe(clock: Pick<Clock, "nowMs">): Probe {
  return {
    range: (text, origin) =>
      withGroups(text, origin, async (groups, trainer) => {
        let low = Number.POSITIVE_INFINITY;
        let high = 0;
        // The ends of an axis of variances show all there is between them.
        for (const group of new Set([groups[0]!, groups.at(-1)!])) {
          for (let seed = 0; seed < LOOK_SEEDS; seed++) {
            const { cells } = await trainer.train(group, lookAt(seed), "same");
            const phases = cells.map(({ values }) => values.phase);
            const rates = lookAt(seed).map(({ learning_rate }) => learning_rate);
            const moving = phases.findIndex((phase) => phase !== LAZY);
            const diverging = phases.indexOf(DIVERGENT);
            if (moving > 0) low = Math.min(low, rates[moving]!);
            if (diverging > 0) high = Math.max(high, rates[diverging]!);
          }
        }
        if (low === Number.POSITIVE_INFINITY) low = high > 0 ? high : SIGHTLESS.low * ROOM;
        if (high === 0) high = SIGHTLESS.high / ROOM;
        return { low: low / ROOM, high: Math.max(high, low) * ROOM };
      }),
    speed: (text, origin) =>
      withGroups(text, origin, async (groups, trainer) => {
        const group = groups[Math.floor(groups.length / 2)]!;
        const { from, to } = endsOf(text, origin);
        const octaves = Math.log2(to / from);
        const points = axisPoints(group.learning_rates);
        // As a shard has them, all learning rates of a seed together: its weights are drawn once.
        const batch = (size: number): Start[] => {
          const seeds = Math.ceil(size / points);
          const perSeed = Math.ceil(size / seeds);
          return Array.from({ length: size }, (_, i) => ({
            seed: Math.floor(i / perSeed),
            learning_rate: from * 2 ** ((octaves * (i % perSeed)) / perSeed),
          }));
        };
        return measureSpeed(clock, group.cells, (size) =>
          trainer.compute(group, batch(size), "same"),
        );
      }),
  };
}

function lookAt(seed: number): Start[] {
  const [first, last] = LOOK_OCTAVES;
  const points = (last - first) / LOOK_STEP + 1;
  return Array.from({ length: points }, (_, i) => ({
    seed,
    learning_rate: 2 ** (first + i * LOOK_STEP),
  }));
}

function endsOf(text: string, origin: string): { readonly from: number; readonly to: number } {
  const { file } = parseSweep(text, origin);
  const axis = file.learning_rate;
  if (typeof axis === "object" && "from" in axis) return axis;
  throw new TypeError("the learning rates of a sweep that init writes are an axis");
}

/** Does something with the groups of a sweep, whose data are at hand in a folder for so long. */
async function withGroups<T>(
  text: string,
  origin: string,
  act: (groups: ReturnType<typeof buildPlan>["groups"], trainer: Retrainer) => Promise<T>,
): Promise<T> {
  const stored = new StoredDatasets();
  const { groups } = buildPlan(parseSweep(text, origin), { stored });
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-init-"));
  try {
    mkdirSync(join(folder, "datasets"));
    for (const { reference, bytes } of stored.all()) {
      writeFileSync(join(folder, "datasets", reference.digest), bytes);
    }
    return await act(groups, new Retrainer(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
