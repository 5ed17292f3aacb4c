import { datasetSize, type PlannedDataset } from "../datasets.ts";
import type { EngineWish } from "../engine_choice.ts";
import { UsageError } from "../errors.ts";
import { AXIS_STEP_MIN, SWEEP_GROUPS_MAX, WIDTH_MAX } from "../limits.ts";
import type { PlannedShape, Shape } from "../shape_group.ts";
import {
  axisPoints,
  type LearningRateAxis,
  learningRateAt,
  type SeedAxis,
  seedCount,
  snapLogAxis,
} from "./axes.ts";
import type { AxisEntry } from "./axis_schema.ts";
import { WEIGHT_VARIANCE_DEFAULT } from "./defaults.ts";
import type { KeyPath, LoadedSweep } from "./load.ts";
import { type BlockContext, resolveDataset, type StoredDatasets } from "./read_datasets.ts";
import { readTraining } from "./read_training.ts";
import type { SweepBlock } from "./schema.ts";

export interface ResolvedBlock {
  readonly path: KeyPath;
  readonly shapes: readonly PlannedShape[];
  readonly seeds: SeedAxis;
  readonly learning_rates: LearningRateAxis;
  readonly wish: EngineWish;
}

/** Reads one block, taking from the top of the file what the block leaves out. */
export class BlockReader {
  private readonly sweep: LoadedSweep;
  private readonly shared: SweepBlock;
  private readonly block: SweepBlock;
  private readonly path: KeyPath;
  private readonly stored: StoredDatasets;

  constructor(
    sweep: LoadedSweep,
    shared: SweepBlock,
    block: SweepBlock,
    path: KeyPath,
    stored: StoredDatasets,
  ) {
    this.sweep = sweep;
    this.shared = shared;
    this.block = block;
    this.path = path;
    this.stored = stored;
  }

  read(): ResolvedBlock {
    return {
      path: this.path,
      shapes: this.shapes(),
      seeds: this.seeds(),
      learning_rates: this.learningRates(),
      wish: {
        engine: this.block.engine ?? this.shared.engine ?? "auto",
        precision: this.block.precision ?? this.shared.precision,
      },
    };
  }

  private shapes(): PlannedShape[] {
    const model = { ...this.shared.model, ...this.block.model };
    const hidden_layers =
      model.hidden_layers ?? this.missing(["model", "hidden_layers"], "hidden_layers: 1");
    const measure = this.block.measure ?? this.shared.measure ?? [];
    const trajectory_every = (this.block.trajectory ?? this.shared.trajectory)?.every ?? null;
    const training = { ...this.shared.training, ...this.block.training };
    const { steps, drop } = readTraining(
      { ...training, learning_rates: this.learningRates(), trajectory_every },
      (key, problem, fix) => this.refuse(key, problem, fix),
    );
    const initial_weights = model.initial_weights ?? null;
    const variances = this.variances(hidden_layers, model).flatMap((weight_variance) =>
      this.biasesAndScale(hidden_layers, model).map((rest) => ({ weight_variance, ...rest })),
    );
    const datasets = this.datasets();
    const losses = this.list(["loss"], this.required("loss", "loss: logistic"));
    const widths = this.widths(hidden_layers, model.width);
    const outputLearningRates = this.outputLearningRates(hidden_layers);
    const axes = [datasets, losses, widths, variances, outputLearningRates];
    const count = axes.reduce((product, { length }) => product * length, 1);
    if (count > SWEEP_GROUPS_MAX) {
      throw new UsageError({
        place: this.sweep.place(this.path),
        problem: `${count} combinations of data set, loss, width, variance and output learning rate, over the limit of ${SWEEP_GROUPS_MAX} (SWEEP_GROUPS_MAX)`,
        fix: "take fewer points, or split the sweep into several files",
      });
    }
    const shapes: PlannedShape[] = [];
    for (const dataset of datasets) {
      this.checkInitialWeights(initial_weights, dataset);
      for (const loss of losses) {
        for (const width of widths) {
          for (const variance of variances) {
            for (const output_learning_rate of outputLearningRates) {
              shapes.push({
                dataset,
                hidden_layers,
                width,
                ...variance,
                initial_weights,
                loss,
                output_learning_rate,
                steps,
                drop,
                measure,
                trajectory_every,
              });
            }
          }
        }
      }
    }
    return shapes;
  }

  private widths(
    hidden_layers: number,
    width: NonNullable<SweepBlock["model"]>["width"],
  ): Shape["width"][] {
    if (hidden_layers > 0) {
      const given = width ?? this.missing(["model", "width"], "width: 100");
      if (typeof given !== "object" || Array.isArray(given)) {
        return this.list<Shape["width"]>(["model", "width"], given);
      }
      const rounded = this.numbers(["model", "width"], given).map((value) =>
        Math.min(WIDTH_MAX, Math.max(1, Math.round(value))),
      );
      return [...new Set(rounded)];
    }
    this.refuseInPredictor("width", "has no width");
    return [null];
  }

  private variances(hidden_layers: number, model: NonNullable<SweepBlock["model"]>): number[] {
    if (model.initial_weights !== undefined) {
      if (hidden_layers > 0) {
        this.refuse(
          ["model", "initial_weights"],
          "only a linear predictor (hidden_layers: 0) takes initial weights in a sweep file",
          "remove 'initial_weights'; `phasesweep trace` trains networks from given weights",
        );
      }
      if (model.weight_variance !== undefined) {
        this.refuse(
          ["model", "weight_variance"],
          "weights that are given have no variance",
          "remove 'weight_variance' or 'initial_weights'",
        );
      }
    }
    const given = model.weight_variance ?? WEIGHT_VARIANCE_DEFAULT;
    return this.numbers(["model", "weight_variance"], given);
  }

  /** σ_b² and s_in, each only where it is there and says something. */
  private biasesAndScale(
    hidden_layers: number,
    { bias_variance, input_scale }: NonNullable<SweepBlock["model"]>,
  ): Pick<Shape, "bias_variance" | "input_scale">[] {
    if (hidden_layers === 0 && input_scale !== undefined) {
      this.refuse(
        ["model", "input_scale"],
        "a linear predictor (hidden_layers: 0) has no input layer to scale",
        "remove 'input_scale'",
      );
    }
    const scale = input_scale === undefined || input_scale === 1 ? {} : { input_scale };
    if (bias_variance === undefined) return [scale];
    return this.list(["model", "bias_variance"], bias_variance).map((variance) => ({
      bias_variance: variance,
      ...scale,
    }));
  }

  private checkInitialWeights(weights: readonly number[] | null, dataset: PlannedDataset): void {
    if (weights === null) return;
    const { features } = datasetSize(dataset);
    if (weights.length !== features) {
      this.refuse(
        ["model", "initial_weights"],
        `${weights.length} initial weights for data set ${dataset.name}, which has ${features} features`,
        "give one weight a feature",
      );
    }
    if (seedCount(this.seeds()) > 1) {
      this.refuse(
        ["seeds"],
        "with given initial weights every seed is the same run",
        "write `seeds: 1`",
      );
    }
  }

  private outputLearningRates(hidden_layers: number): Shape["output_learning_rate"][] {
    const given = this.block.output_learning_rate ?? this.shared.output_learning_rate;
    if (given === undefined) return [{ ratio: 1 }];
    if (hidden_layers === 0) {
      this.refuse(
        ["output_learning_rate"],
        "a linear predictor (hidden_layers: 0) has no output layer",
        "remove 'output_learning_rate' or write 'hidden_layers: 1'",
      );
    }
    if (typeof given === "object" && "ratio" in given) {
      const ratios = this.numbers(["output_learning_rate", "ratio"], given.ratio);
      return ratios.map((ratio) => ({ ratio }));
    }
    return this.numbers(["output_learning_rate"], given).map((fixed) => ({ fixed }));
  }

  private refuseInPredictor(key: "width", problem: string): void {
    const inOnePlace = this.path.length === 0 ? this.shared.model : this.block.model;
    if (inOnePlace?.[key] === undefined) return;
    this.refuse(
      ["model", key],
      `a linear predictor (hidden_layers: 0) ${problem}`,
      `remove '${key}' or write 'hidden_layers: 1'`,
    );
  }

  private datasets(): PlannedDataset[] {
    const given = this.required("dataset", "dataset: example3");
    const block: BlockContext = {
      folder: this.sweep.folder,
      stored: this.stored,
      list: (key, values) => this.list(key, values),
      numbers: (key, given) => this.numbers(key, given),
      refuse: (key, problem, fix) => this.refuse(key, problem, fix),
      place: (key) => this.place(key),
    };
    return this.list(["dataset"], given).flatMap((entry, index) =>
      resolveDataset(entry, Array.isArray(given) ? ["dataset", index] : ["dataset"], block),
    );
  }

  private learningRates(): LearningRateAxis {
    const example = "learning_rate: { from: 0.5, to: 60, points: 129 }";
    return this.axis(["learning_rate"], this.required("learning_rate", example));
  }

  /** One number, a list, or the points of an axis, all there as each becomes a group. */
  private numbers(key: KeyPath, given: number | number[] | AxisEntry): number[] {
    const axis = this.axis(key, given);
    return Array.from({ length: axisPoints(axis) }, (_, i) => learningRateAt(axis, i));
  }

  /** A list as it is; log axes of whatever quantity lie on the lattice of the learning rates. */
  private axis(key: KeyPath, given: number | number[] | AxisEntry): LearningRateAxis {
    if (typeof given === "number") return { scale: "list", values: [given] };
    if (Array.isArray(given)) return { scale: "list", values: this.list(key, given) };
    const { from, to, points, scale } = given;
    if (to <= from) {
      this.refuse(
        [...key, "to"],
        `'to' is ${to}, which is not above 'from' (${from})`,
        `write the smaller value as 'from'; for a single one, \`${key.at(-1)}: ${from}\``,
      );
    }
    if ((to - from) / (points - 1) < AXIS_STEP_MIN * to) {
      this.refuse(
        [...key, "points"],
        `${points} points from ${from} to ${to} are closer together than ${AXIS_STEP_MIN} of their value (AXIS_STEP_MIN)`,
        "take fewer points or a wider axis",
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
    throw new UsageError({ place: this.place(key), problem, fix });
  }

  /** Where a key stands: in the block, or at the top of the file. */
  private place(key: KeyPath): string {
    const inBlock = (this.block as Record<string, unknown>)[String(key[0])] !== undefined;
    return this.sweep.place(inBlock ? [...this.path, ...key] : key);
  }
}
