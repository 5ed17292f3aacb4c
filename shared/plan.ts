import { canonicalJson, sha256Hex } from "./canonical.ts";
import {
  DATASET_DIGEST,
  type DatasetReference,
  isReference,
  type PlannedDataset,
} from "./datasets.ts";
import { UsageError } from "./errors.ts";
import { KERNEL_VERSION, type KernelStatement } from "./kernel_version.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";
import type { PaperFigureName } from "./paper_figures.ts";
import type { PlannedShape } from "./shape_group.ts";
import {
  axisPoints,
  type LearningRateAxis,
  learningRateReader,
  type SeedAxis,
  seedCount,
  seedReader,
} from "./spec/axes.ts";

/**
 * A sweep, resolved: what every cell is, without listing cells. Cells are numbered 0..cells−1 in
 * the sweep's own order (block, data set, loss, width, variance, seed, learning rate), and each
 * group is one contiguous range of them.
 */
export interface Plan {
  readonly name: string;
  readonly description: string;
  readonly confidence: number;
  /** The figure of the paper that the analysis redraws from it; says nothing about any cell. */
  readonly reproduces?: PaperFigureName;
  readonly cells: number;
  readonly groups: readonly PlannedGroup[];
  /** Set where the sweep is to grow until its boundaries are known so well. */
  readonly targets?: BoundaryTargets;
}

/** How well η0 and η1 are to be known; the sweep adds cells in rounds until they are. */
export interface BoundaryTargets {
  /** Of each seed: high/low − 1 of the neighbouring η between which its boundary lies. */
  readonly eta_tolerance: number;
  /** Of each median over seeds: high/low − 1 of its interval; null: no seeds are added. */
  readonly median_interval: number | null;
  /** Cells at which the sweep ends, whatever is known by then. */
  readonly cells_max: number;
}

/** The cells of one shape within one block: seeds × learning rates, learning rate fastest. */
export interface PlannedGroup extends KernelStatement {
  /** Position of the block in the sweep file. */
  readonly grid: number;
  readonly first_cell: number;
  readonly cells: number;
  readonly shape: PlannedShape;
  readonly numeric_class: string;
  /** Identity of the shape: equal ids mean equal numbers for equal seeds and learning rates. */
  readonly shape_group: string;
  readonly seeds: SeedAxis;
  readonly learning_rates: LearningRateAxis;
  /**
   * In a work plan (shared/work_plan.ts), the first cell of the group of which this one is a part;
   * both axes are subsets then.
   */
  readonly split_from?: number;
  /** Set where the sweep wants cells next to a change of phase in float64 as well. */
  readonly verify?: true;
  /**
   * Set for cells that another group has in another numeric class, and that are computed to be held
   * against it: a sample, or cells next to a change of phase. They follow the cells of the grid.
   */
  readonly checks?: { readonly of: string; readonly why: "sample" | "boundary" };
  /**
   * Set for cells that a round added to those of the sweep file: learning rates at which some seeds
   * change their phase, or whole seeds. Their shape is that of a group of the sweep file.
   */
  readonly added?: "learning_rates" | "seeds";
}

/**
 * The identity of a shape: 128 bits of the sha256 of everything that determines a cell's numbers
 * but its seed and learning rate. The data set counts by content, not by name.
 */
export function shapeGroupId(
  shape: PlannedShape,
  numeric_class: string,
  kernel_version = KERNEL_VERSION,
): string {
  const { dataset, measure, ...rest } = shape;
  const identity = {
    ...rest,
    data: datasetDigest(dataset),
    measure: [...measure].sort(),
    numeric_class,
    kernel_version,
  };
  return sha256Hex(canonicalJson(identity)).slice(0, 32);
}

/** sha256 of the content of a data set, its name left out. */
export function datasetDigest(dataset: PlannedDataset): string {
  if (isReference(dataset)) return dataset.digest;
  const { X, y, test, digest } = dataset;
  return digest ?? sha256Hex(canonicalJson({ X, y, test }));
}

/** The stored data sets that a plan refers to, each content once. */
export function datasetReferences(plan: Plan): DatasetReference[] {
  const found = new Map<string, DatasetReference>();
  for (const { shape } of plan.groups) {
    if (isReference(shape.dataset)) found.set(shape.dataset.digest, shape.dataset);
  }
  return [...found.values()];
}

/** A digest becomes the name of a file, and sizes are relied on. @throws Error */
function checkReference(reference: DatasetReference): void {
  const { name, digest, bytes, samples, features, test_samples } = reference;
  const isSound =
    DATASET_DIGEST.test(digest) &&
    [bytes, samples, features].every((size) => Number.isSafeInteger(size) && size > 0) &&
    Number.isSafeInteger(test_samples) &&
    test_samples >= 0;
  if (!isSound) throw new Error(`data set '${name}' of the plan has no sound digest and sizes`);
}

/**
 * Equal for sweeps that ask for the same cells in the same order, whatever they are called. What
 * was added on the way, because of what was found, does not count.
 */
export function planDigest(plan: Plan): string {
  const asked = plan.groups.filter(({ checks, added }) => checks?.why !== "boundary" && !added);
  const groups = asked.map(({ grid, shape, shape_group, seeds, learning_rates }) => ({
    grid,
    dataset: shape.dataset.name,
    shape_group,
    seeds,
    learning_rates,
  }));
  // Without targets it is what it was before there were any.
  return sha256Hex(canonicalJson(plan.targets === undefined ? groups : [groups, plan.targets]));
}

/** The group that holds a cell, by binary search. @throws RangeError outside 0..cells−1 */
export function groupIndexOf(plan: Plan, cell: number): number {
  if (!(cell >= 0 && cell < plan.cells)) {
    throw new RangeError(`cell ${cell} is outside 0..${plan.cells - 1} of sweep ${plan.name}`);
  }
  let low = 0;
  let high = plan.groups.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (plan.groups[middle]!.first_cell <= cell) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Seeds and learning rates of `count` cells of a group, from `first` (a cell of the sweep) on. */
export function cellCoordinates(
  group: PlannedGroup,
  first: number,
  count: number,
): { seeds: Float64Array; learning_rates: Float64Array } {
  const points = axisPoints(group.learning_rates);
  const seeds = new Float64Array(count);
  const learning_rates = new Float64Array(count);
  const seedAt = seedReader(group.seeds);
  const learningRateAt = learningRateReader(group.learning_rates);
  for (let i = 0; i < count; i++) {
    const offset = first - group.first_cell + i;
    seeds[i] = seedAt(Math.floor(offset / points));
    learning_rates[i] = learningRateAt(offset % points);
  }
  return { seeds, learning_rates };
}

/** Cells of a group. */
export function groupCells(seeds: SeedAxis, learning_rates: LearningRateAxis): number {
  return seedCount(seeds) * axisPoints(learning_rates);
}

/** What a sweep may be called: it becomes the name of a folder. */
export const SWEEP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

const MESSAGE_FRAME_BYTES = 64;

interface PlanText {
  readonly format: 1;
  readonly datasets: Readonly<Record<string, PlannedDataset>>;
  readonly plan: Plan;
}

/**
 * The plan as JSON for the journal and the wire; every data set stands in it once.
 * @throws UsageError if it does not fit into a message.
 */
export function serializePlan(plan: Plan): string {
  const datasets: Record<string, PlannedDataset> = {};
  const groups = plan.groups.map((group) => {
    const { dataset } = group.shape;
    datasets[dataset.name] = dataset;
    return { ...group, shape: { ...group.shape, dataset: dataset.name } };
  });
  const text = JSON.stringify({ format: 1, datasets, plan: { ...plan, groups } });
  // Around the text a message has a few bytes of its own.
  const bytes = Buffer.byteLength(text) + MESSAGE_FRAME_BYTES;
  if (bytes > MESSAGE_BYTES_MAX) {
    throw new UsageError({
      place: plan.name,
      problem: `the plan with its data sets has ${bytes} bytes, over the limit of ${MESSAGE_BYTES_MAX} (MESSAGE_BYTES_MAX)`,
      fix: "take fewer samples, features or data sets, or several sweeps",
    });
  }
  return text;
}

/** The inverse of serializePlan. @throws Error on another format, or what is no plan at all. */
export function parsePlan(text: string): Plan {
  const { format, datasets, plan } = (JSON.parse(text) ?? {}) as Partial<PlanText>;
  if (format !== 1) throw new Error(`plan format ${format} is not 1: another phasesweep wrote it`);
  if (plan === undefined || datasets === undefined) throw new Error("a plan without its parts");
  if (!SWEEP_NAME.test(plan.name)) throw new Error(`'${plan.name}' is no name of a sweep`);
  let cells = 0;
  const groups = plan.groups.map((group) => {
    if (group.first_cell !== cells || !(group.cells > 0)) {
      throw new Error(`the groups of plan ${plan.name} do not number its cells one after another`);
    }
    cells += group.cells;
    const dataset = datasets[group.shape.dataset as unknown as string]!;
    if (isReference(dataset)) checkReference(dataset);
    return { ...group, shape: { ...group.shape, dataset } };
  });
  if (cells !== plan.cells) throw new Error(`plan ${plan.name} has ${cells} cells, not as it says`);
  return { ...plan, groups };
}
