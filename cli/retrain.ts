import type { TrainedCell } from "../coordinator/reproduce/trained_cell.ts";
import { systemClock } from "../shared/clock.ts";
import { isReference } from "../shared/datasets.ts";
import { FailureError, messageOf, UsageError } from "../shared/errors.ts";
import { KERNEL_VERSIONS, kernelVersionOf } from "../shared/kernel_version.ts";
import { type Backend, backendOf, FLOAT64_EXACT } from "../shared/numeric_class.ts";
import { partColumns, trajectoryColumn } from "../shared/part_columns.ts";
import type { PlannedGroup } from "../shared/plan.ts";
import {
  allocateTrajectories,
  RESULT_COLUMNS,
  type Trajectories,
} from "../shared/result_columns.ts";
import type { Shape } from "../shared/shape_group.ts";
import { openBackend } from "../worker/device/backends.ts";
import { wasmDenseEngine } from "../worker/engine/dense/wasm.ts";
import type { Engine } from "../worker/engine/engine.ts";
import { CPU_ENGINES } from "../worker/engine/engines.ts";
import { gramEngine } from "../worker/engine/gram.ts";
import {
  REFERENCE_WEIGHTS_MAX,
  referenceEngine,
  weightCount,
} from "../worker/engine/reference_engine.ts";
import { trainableShape } from "../worker/stored_datasets.ts";
import type { RetrainEngine } from "./retrain_engines.ts";
import { storedDatasetPath } from "./stored_dataset_path.ts";

/** A seed and a learning rate of a group. */
export interface Start {
  readonly seed: number;
  readonly learning_rate: number;
}

export interface Retrained {
  readonly engine: string;
  readonly numeric_class: string;
  /** In the order of the starts. */
  readonly cells: readonly TrainedCell[];
}

/** Trains cells of a results folder again, on this machine, in this process. */
export class Retrainer {
  private readonly folder: string;
  private readonly opened = new Map<Backend, Promise<readonly Engine[]>>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** @throws UsageError where the engine does not take the group, FailureError where data are gone */
  async train(
    group: PlannedGroup,
    starts: readonly Start[],
    wanted: RetrainEngine,
  ): Promise<Retrained> {
    const { shape, engine, columns, trajectories } = await this.compute(group, starts, wanted);
    const asked = new Set(partColumns(shape));
    const cells = starts.map((_, i) => ({
      values: Object.fromEntries(
        RESULT_COLUMNS.map((column) => {
          const value = columns[column.name][i]!;
          const isNull = !asked.has(column) || (column.nullable && value < 0);
          return [column.name, isNull ? null : value];
        }),
      ) as TrainedCell["values"],
      lists: trajectories === undefined ? {} : listsOf(trajectories, i),
    }));
    const { name, numeric_class } = engine;
    return { engine: name, numeric_class, cells };
  }

  /** The same without an object for each cell, as a worker does it. Errors: as `train`. */
  async compute(group: PlannedGroup, starts: readonly Start[], wanted: RetrainEngine) {
    const kernels = kernelVersionOf(group);
    if (wanted === "same" && !KERNEL_VERSIONS.includes(kernels)) {
      throw refusal(
        wanted,
        `the row is of kernel version ${kernels}, not ${KERNEL_VERSIONS.join()} as here: the release that computed it, which provenance.parquet names, gives its bits`,
      );
    }
    const shape = this.shapeOf(group);
    const engine = await this.engineFor(shape, group.numeric_class, wanted);
    const trajectories = allocateTrajectories(shape, starts.length);
    const columns = await engine.run({
      shape,
      seeds: Float64Array.from(starts, ({ seed }) => seed),
      learning_rates: Float64Array.from(starts, ({ learning_rate }) => learning_rate),
      ...(trajectories === undefined ? {} : { trajectories }),
    });
    return { shape, engine, columns, trajectories };
  }

  /** The group's shape with its data. */
  private shapeOf({ shape }: PlannedGroup): Shape {
    const { dataset } = shape;
    if (!isReference(dataset)) return trainableShape(shape);
    const path = storedDatasetPath(this.folder, dataset.digest);
    const fix = "run the sweep file again, which stores it anew and computes nothing";
    if (path === undefined) {
      const problem = `data set ${dataset.name} (${dataset.digest}) is not in ${this.folder}/datasets`;
      throw new FailureError({ place: this.folder, problem, fix });
    }
    try {
      return trainableShape(shape, path);
    } catch (error) {
      throw new FailureError({ place: path, problem: messageOf(error), fix });
    }
  }

  private async engineFor(
    shape: Shape,
    numeric_class: string,
    wanted: RetrainEngine,
  ): Promise<Engine> {
    if (wanted === "same") {
      const engines = await this.enginesOf(numeric_class);
      const engine = engines.find(
        (each) => each.numeric_class === numeric_class && each.supports(shape),
      );
      if (engine !== undefined) return engine;
      throw refusal(wanted, `nothing here computes ${numeric_class}`);
    }
    // The key only says that the dense engine was asked for where gram would do.
    const { engine: _, ...free } = shape;
    if (wanted === "gram") {
      if (gramEngine.supports(free)) {
        return { ...gramEngine, run: (batch) => gramEngine.run({ ...batch, shape: free }) };
      }
      throw refusal(wanted, "gram takes one hidden layer at most, no biases, data of low rank");
    }
    if (shape.width === "infinite") {
      throw refusal(
        wanted,
        "the row is of the infinite width, which only gram has, as every weight of the others is explicit",
      );
    }
    const engine = wanted === "dense" ? wasmDenseEngine : referenceEngine;
    if (engine.supports(shape)) return engine;
    const most =
      wanted === "dense" ? "its limit" : `${REFERENCE_WEIGHTS_MAX} (REFERENCE_WEIGHTS_MAX)`;
    throw refusal(wanted, `${weightCount(shape)} weights are over ${most}`);
  }

  private enginesOf(numeric_class: string): Promise<readonly Engine[]> | readonly Engine[] {
    const backend = backendOf(numeric_class);
    if (numeric_class === FLOAT64_EXACT || backend === "wasm") return CPU_ENGINES;
    if (backend === undefined) return [];
    let opening = this.opened.get(backend);
    if (opening === undefined) {
      opening = openBackend(backend, process.env, systemClock).then(
        ({ engines }) => engines,
        (error: unknown) => {
          const [reason] = messageOf(error).split("\n");
          throw refusal("same", `${numeric_class} cannot be had here: ${reason}`);
        },
      );
      this.opened.set(backend, opening);
    }
    return opening;
  }
}

function refusal(engine: RetrainEngine, problem: string): UsageError {
  const fix = "take another --engine: same, gram, dense or reference";
  return new UsageError({ place: `--engine ${engine}`, problem, fix });
}

function listsOf({ points, counts, ...quantities }: Trajectories, row: number) {
  const end = row * points + counts[row]!;
  return Object.fromEntries(
    Object.entries(quantities).map(([quantity, numbers]) => [
      trajectoryColumn(quantity),
      Array.from((numbers as Float64Array).subarray(row * points, end)),
    ]),
  );
}
