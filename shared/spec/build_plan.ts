import { BUILTIN_DATASETS, type Dataset } from "../datasets.ts";
import { UsageError } from "../errors.ts";
import { SWEEP_CELLS_MAX, SWEEP_GROUPS_MAX } from "../limits.ts";
import { FLOAT64_EXACT, groupCells, type Plan, type PlannedGroup, shapeGroupId } from "../plan.ts";
import type { Shape } from "../shape_group.ts";
import {
  axisPoints,
  type LearningRateAxis,
  type SeedAxis,
  seedCount,
  snapLogAxis,
} from "./axes.ts";
import type { KeyPath, LoadedSweep } from "./load.ts";
import type { SweepBlock } from "./schema.ts";

const STEPS_DEFAULT = 100;
const WEIGHT_VARIANCE_DEFAULT = 1;
const CONFIDENCE_DEFAULT = 0.95;

/** Resolves a valid sweep file into a plan. @throws UsageError on what the schema cannot see. */
export function buildPlan(sweep: LoadedSweep): Plan {
  const { name, description, grids, boundaries, ...shared } = sweep.file;
  const blocks = (grids ?? [{}]).map((block, index) =>
    new BlockReader(sweep, shared, block, grids === undefined ? [] : ["grids", index]).read(),
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
    for (const shape of block.shapes) {
      const count = groupCells(block.seeds, block.learning_rates);
      groups.push({
        grid,
        first_cell: cells,
        cells: count,
        shape,
        numeric_class: FLOAT64_EXACT,
        shape_group: shapeGroupId(shape, FLOAT64_EXACT),
        seeds: block.seeds,
        learning_rates: block.learning_rates,
      });
      cells += count;
    }
    if (groups.length > SWEEP_GROUPS_MAX) {
      throw new UsageError({
        place: sweep.place(block.path),
        problem: `more than ${SWEEP_GROUPS_MAX} combinations of data set, loss, width and variance (SWEEP_GROUPS_MAX)`,
        fix: "split the sweep into several files",
      });
    }
  }
  return {
    name,
    description: description ?? "",
    confidence: boundaries?.confidence ?? CONFIDENCE_DEFAULT,
    cells,
    groups,
  };
}

interface ResolvedBlock {
  readonly path: KeyPath;
  readonly shapes: readonly Shape[];
  readonly seeds: SeedAxis;
  readonly learning_rates: LearningRateAxis;
}

/** Reads one block, taking from the top of the file what the block leaves out. */
class BlockReader {
  private readonly sweep: LoadedSweep;
  private readonly shared: SweepBlock;
  private readonly block: SweepBlock;
  private readonly path: KeyPath;

  constructor(sweep: LoadedSweep, shared: SweepBlock, block: SweepBlock, path: KeyPath) {
    this.sweep = sweep;
    this.shared = shared;
    this.block = block;
    this.path = path;
  }

  read(): ResolvedBlock {
    return {
      path: this.path,
      shapes: this.shapes(),
      seeds: this.seeds(),
      learning_rates: this.learningRates(),
    };
  }

  private shapes(): Shape[] {
    const model = { ...this.shared.model, ...this.block.model };
    const hidden_layers =
      model.hidden_layers ?? this.missing(["model", "hidden_layers"], "hidden_layers: 1");
    const steps = { ...this.shared.training, ...this.block.training }.steps ?? STEPS_DEFAULT;
    const measure = this.block.measure ?? this.shared.measure ?? [];
    const variances = this.list(
      ["model", "weight_variance"],
      model.weight_variance ?? WEIGHT_VARIANCE_DEFAULT,
    );
    const shapes: Shape[] = [];
    for (const dataset of this.datasets()) {
      for (const loss of this.list(["loss"], this.required("loss", "loss: logistic"))) {
        for (const width of this.widths(hidden_layers, model.width)) {
          for (const weight_variance of variances) {
            shapes.push({ dataset, hidden_layers, width, weight_variance, loss, steps, measure });
          }
        }
      }
    }
    return shapes;
  }

  private widths(hidden_layers: 0 | 1, width: number | number[] | undefined): (number | null)[] {
    if (hidden_layers === 1) {
      return this.list(["model", "width"], width ?? this.missing(["model", "width"], "width: 100"));
    }
    const inOnePlace = this.path.length === 0 ? this.shared.model : this.block.model;
    if (inOnePlace?.width !== undefined) {
      this.refuse(
        ["model", "width"],
        "a linear predictor (hidden_layers: 0) has no width",
        "remove 'width' or write 'hidden_layers: 1'",
      );
    }
    return [null];
  }

  private datasets(): Dataset[] {
    const given = this.required("dataset", "dataset: example3");
    return this.list(["dataset"], given).map((dataset, index) => {
      const path = Array.isArray(given) ? ["dataset", index] : ["dataset"];
      if (typeof dataset === "string") {
        return BUILTIN_DATASETS.find(({ name }) => name === dataset)!;
      }
      const features = dataset.X[0]!.length;
      const odd = dataset.X.findIndex((row) => row.length !== features);
      if (odd >= 0) {
        this.refuse(
          [...path, "X", odd],
          `row ${odd} of X has ${dataset.X[odd]!.length} features, but row 0 has ${features}`,
          "give every sample the same number of features",
        );
      }
      if (dataset.y.length !== dataset.X.length) {
        this.refuse(
          [...path, "y"],
          `y has ${dataset.y.length} labels, but X has ${dataset.X.length} samples`,
          "give one label a sample",
        );
      }
      if (dataset.X.every((row) => row.every((value) => value === 0))) {
        this.refuse([...path, "X"], "every sample is zero", "give at least one non-zero feature");
      }
      return dataset;
    });
  }

  private learningRates(): LearningRateAxis {
    const given = this.required(
      "learning_rate",
      "learning_rate: { from: 0.5, to: 60, points: 129 }",
    );
    if (typeof given === "number") return { scale: "list", values: [given] };
    if (Array.isArray(given)) {
      return { scale: "list", values: this.list(["learning_rate"], given) };
    }
    const { from, to, points, scale } = given;
    if (to <= from) {
      this.refuse(
        ["learning_rate", "to"],
        `'to' is ${to}, which is not above 'from' (${from})`,
        "write the smaller learning rate as 'from'; for a single one, `learning_rate: 0.5`",
      );
    }
    return scale === "linear" ? { scale, from, to, points } : snapLogAxis(from, to, points);
  }

  private seeds(): SeedAxis {
    const given = this.required("seeds", "seeds: 32");
    if (typeof given === "number") return { from: 0, count: given };
    if (Array.isArray(given)) return { values: this.list(["seeds"], given) };
    if (given.from + given.count > Number.MAX_SAFE_INTEGER) {
      this.refuse(["seeds"], "the last seed is over 2^53 − 1", "begin lower or take fewer");
    }
    return given;
  }

  private required<K extends keyof SweepBlock>(
    key: K,
    example: string,
  ): NonNullable<SweepBlock[K]> {
    return this.block[key] ?? this.shared[key] ?? this.missing([key], example);
  }

  /** One value or a list, as a list without repetitions. */
  private list<T>(key: KeyPath, given: T | T[]): T[] {
    const values = Array.isArray(given) ? given : [given];
    const seen = new Map<string, number>();
    for (const [index, value] of values.entries()) {
      const text = JSON.stringify(value);
      const earlier = seen.get(text);
      if (earlier !== undefined) {
        this.refuse(
          [...key, index],
          `'${key.join(".")}' lists ${text} twice (positions ${earlier} and ${index})`,
          "list every value once",
        );
      }
      seen.set(text, index);
    }
    return values;
  }

  private missing(key: KeyPath, example: string): never {
    const where = this.path.length === 0 ? "the sweep file" : `grids[${this.path[1]}] or above`;
    throw new UsageError({
      place: this.sweep.place([...this.path, ...key.slice(0, -1)]),
      problem: `'${key.join(".")}' is missing from ${where}`,
      fix: `for example \`${example}\``,
    });
  }

  private refuse(key: KeyPath, problem: string, fix: string): never {
    const inBlock = (this.block as Record<string, unknown>)[String(key[0])] !== undefined;
    const path = inBlock ? [...this.path, ...key] : key;
    throw new UsageError({ place: this.sweep.place(path), problem, fix });
  }
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
