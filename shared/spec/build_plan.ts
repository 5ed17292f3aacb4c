import { BUILTIN_DATASETS } from "../datasets.ts";
import { chooseEngine, type FloatBackends } from "../engine_choice.ts";
import { UsageError } from "../errors.ts";
import { KERNEL_VERSION, kernelStatement } from "../kernel_version.ts";
import { SWEEP_CELLS_MAX, SWEEP_GROUPS_MAX, TRAJECTORY_NUMBERS_MAX } from "../limits.ts";
import { groupCells, type Plan, type PlannedGroup, shapeGroupId } from "../plan.ts";
import { trajectoryPoints } from "../shape_group.ts";
import { axisPoints, seedCount } from "./axes.ts";
import { sampleOf } from "./check_groups.ts";
import { checkReproduces } from "./check_reproduces.ts";
import { CONFIDENCE_DEFAULT } from "./defaults.ts";
import type { LoadedSweep } from "./load.ts";
import { BlockReader, type ResolvedBlock } from "./read_block.ts";
import { StoredDatasets } from "./read_datasets.ts";
import { readTargets } from "./read_targets.ts";

const WASM: FloatBackends = { gram: "wasm", dense: "wasm" };

export interface PlanOptions {
  /** What computes in float32; without any it is tfjs' own wasm. */
  readonly backends?: FloatBackends;
  /** Adds a sample of every float32 group in the class that it is to be held against. */
  readonly checks?: boolean;
  /** Takes the data sets that are read from files, to be handed to a coordinator. */
  readonly stored?: StoredDatasets;
}

/** Resolves a valid sweep file into a plan. @throws UsageError on what the schema cannot see. */
export function buildPlan(
  sweep: LoadedSweep,
  { backends = WASM, checks = false, stored = new StoredDatasets() }: PlanOptions = {},
): Plan {
  const { name, description, reproduces, grids, boundaries, ...shared } = sweep.file;
  const blocks = (grids ?? [{}]).map((block, index) =>
    new BlockReader(
      sweep,
      shared,
      block,
      grids === undefined ? [] : ["grids", index],
      stored,
    ).read(),
  );
  refuseNameClashes(sweep, blocks);

  const groups: PlannedGroup[] = [];
  let cells = 0;
  for (const [grid, block] of blocks.entries()) {
    const perGroup = BigInt(seedCount(block.seeds)) * BigInt(axisPoints(block.learning_rates));
    const inBlock = perGroup * BigInt(block.shapes.length);
    if (BigInt(cells) + inBlock > BigInt(SWEEP_CELLS_MAX)) {
      throw new UsageError({
        place: sweep.place([...block.path, "learning_rate"]),
        problem: `the grid has ${BigInt(cells) + inBlock} cells up to here, over the limit of 2^53 − 1 (SWEEP_CELLS_MAX)`,
        fix: "take fewer seeds or points",
      });
    }
    for (const wanted of block.shapes) {
      const choice = chooseEngine(wanted, block.wish, backends);
      if ("problem" in choice) {
        const { problem, fix } = choice;
        throw new UsageError({ place: sweep.place([...block.path, "model"]), problem, fix });
      }
      const { shape, numeric_class } = choice;
      const count = groupCells(block.seeds, block.learning_rates);
      groups.push({
        grid,
        first_cell: cells,
        cells: count,
        shape,
        numeric_class,
        shape_group: shapeGroupId(shape, numeric_class),
        ...kernelStatement(KERNEL_VERSION),
        seeds: block.seeds,
        learning_rates: block.learning_rates,
        ...(block.wish.precision === "verify" ? { verify: true } : {}),
      });
      cells += count;
    }
    const recorded = groups.reduce(
      (sum, { shape, cells: count }) =>
        sum + count * trajectoryPoints(shape) * (1 + shape.measure.length),
      0,
    );
    if (recorded > TRAJECTORY_NUMBERS_MAX) {
      throw new UsageError({
        place: sweep.place([...block.path, "trajectory"]),
        problem: `the trajectories up to here have ${recorded} numbers, over the limit of ${TRAJECTORY_NUMBERS_MAX} (TRAJECTORY_NUMBERS_MAX)`,
        fix: "record fewer steps with a larger 'every', or fewer cells",
      });
    }
    if (groups.length > SWEEP_GROUPS_MAX) {
      throw new UsageError({
        place: sweep.place(block.path),
        problem: `more than ${SWEEP_GROUPS_MAX} combinations of data set, loss, width and variance (SWEEP_GROUPS_MAX)`,
        fix: "split the sweep into several files",
      });
    }
  }
  for (const group of checks ? [...groups] : []) {
    const sample = sampleOf(group, cells);
    if (sample === undefined) continue;
    groups.push(sample);
    cells += sample.cells;
  }
  checkReproduces(sweep, reproduces, groups);
  const targets = readTargets(sweep, cells);
  return {
    name,
    description: description ?? "",
    confidence: boundaries?.confidence ?? CONFIDENCE_DEFAULT,
    ...(reproduces === undefined ? {} : { reproduces }),
    cells,
    groups,
    ...(targets === undefined ? {} : { targets }),
  };
}

/** One name must not stand for two different data sets: results are told apart by name. */
function refuseNameClashes(sweep: LoadedSweep, blocks: readonly ResolvedBlock[]): void {
  const byName = new Map<string, string>(
    BUILTIN_DATASETS.map((dataset) => [dataset.name, JSON.stringify(dataset)]),
  );
  for (const block of blocks) {
    for (const { dataset } of block.shapes) {
      const content = JSON.stringify(dataset);
      const known = byName.get(dataset.name);
      if (known !== undefined && known !== content) {
        throw new UsageError({
          place: sweep.place([...block.path, "dataset"]),
          problem: `the name '${dataset.name}' stands for two different data sets`,
          fix: "give your data set another name",
        });
      }
      byName.set(dataset.name, content);
    }
  }
}
