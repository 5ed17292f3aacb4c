import type { Phase } from "../../shared/phases.ts";
import { traceDense } from "../../worker/engine/dense/trace_dense.ts";
import { openWasm } from "../../worker/engine/dense/wasm.ts";
import { traceRun } from "../../worker/engine/gram.ts";
import { gramPhaseOracle } from "../../worker/engine/phase_oracle.ts";
import { traceReference } from "../../worker/engine/reference.ts";
import { projectOnto, rowSpan } from "../../worker/engine/span.ts";
import { toJson } from "../cases/json.ts";
import { type Loaded, loadCases } from "../cases/load.ts";
import { gramStart, referenceStart } from "../cases/resolve.ts";
import { type GridCase, gridCaseSchema, type TraceCase, traceCaseSchema } from "../cases/schema.ts";

export type EngineName = "gram" | "reference" | "dense";

export interface TraceOptions {
  readonly engine: EngineName;
  readonly grid?: boolean;
}

const LETTERS: Readonly<Record<Phase, string>> = {
  lazy: "L",
  catapult: "C",
  divergent: "D",
  unsettled: "U",
};

/** What was measured before a step. */
interface Measured {
  readonly step: number;
  readonly loss: number;
  readonly ntk: number;
  readonly hessian: number;
  /** Of a linear predictor, in the d coordinates of the data. */
  readonly weights?: readonly number[];
}

/** One result of `trace`, in the order of its keys. */
interface TraceResult {
  readonly losses: readonly number[];
  readonly measured: readonly Measured[];
  readonly phase: Phase;
  readonly diverged_at: number | null;
  readonly increases: number;
  readonly steps: number;
  readonly engine: EngineName;
}

/**
 * Trains every case of a file and prints one JSON array. @throws UsageError on a bad case; nothing
 * is printed then
 */
export function traceCommand(path: string, options: TraceOptions): void | Promise<void> {
  const { engine, grid } = options;
  if (engine === "dense") return traceCommandDense(path, grid ?? false);
  const train = engine === "gram" ? traceByGram : traceByReference;
  const judge = engine === "gram" ? phasesByGram : phasesByReference;
  const results = grid
    ? loadCases(path, gridCaseSchema).map((loaded) => ({ phases: judge(loaded), engine }))
    : loadCases(path, traceCaseSchema).map(train);
  process.stdout.write(`${toJson(results)}\n`);
}

function traceByGram(loaded: Loaded<TraceCase>): TraceResult {
  const { learning_rate, measure_at = [] } = loaded.value;
  const start = gramStart(loaded);
  const trace = traceRun({ ...start, learning_rate, snapshot_steps: measure_at });
  const { initial } = start;
  const toWeights = initial.kind === "predictor" ? weightsFrom(start.dataset.X, initial.w) : null;
  return {
    losses: trace.losses,
    measured: trace.snapshots.map(({ step, loss, ntk, hessian, beta }) => ({
      step,
      loss,
      ntk,
      hessian,
      ...(toWeights === null ? {} : { weights: toWeights(beta) }),
    })),
    phase: trace.phase,
    diverged_at: trace.diverged_at,
    increases: trace.increases,
    steps: trace.horizon_steps,
    engine: "gram",
  };
}

/**
 * From coordinates in the span of the data back to the d coordinates of the data: what a start has
 * beyond the span never changes. X: n × d; w: d
 */
function weightsFrom(
  X: readonly ArrayLike<number>[],
  w: readonly number[],
): (beta: readonly number[]) => number[] {
  const { basis, dimension, rank } = rowSpan(X);
  const inSpan = new Float64Array(rank);
  projectOnto(basis, dimension, rank, w, inSpan);
  const lift = (beta: ArrayLike<number>, j: number) => {
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += basis[j * rank + k]! * beta[k]!;
    return sum;
  };
  const beyond = w.map((value, j) => value - lift(inSpan, j));
  return (beta) => beyond.map((value, j) => value + lift(beta, j));
}

function traceByReference(loaded: Loaded<TraceCase>): TraceResult {
  const { learning_rate, measure_at = [] } = loaded.value;
  const start = referenceStart(loaded);
  const trace = traceReference({ ...start, learning_rate, snapshot_steps: measure_at });
  return {
    losses: trace.losses,
    measured: trace.snapshots.map(({ step, loss, ntk, hessian, parameters }) => ({
      step,
      loss,
      ntk,
      hessian,
      ...(start.layout.layers === 0 ? { weights: parameters } : {}),
    })),
    phase: trace.phase,
    diverged_at: trace.diverged_at,
    increases: trace.increases,
    steps: trace.horizon_steps,
    engine: "reference",
  };
}

async function traceCommandDense(path: string, grid: boolean): Promise<void> {
  const engine = "dense";
  const tf = await openWasm();
  const results: unknown[] = [];
  if (grid) {
    for (const loaded of loadCases(path, gridCaseSchema)) {
      const start = referenceStart(loaded);
      const phases: Phase[] = [];
      for (const learning_rate of loaded.value.learning_rates) {
        const trace = await traceDense(tf, { ...start, learning_rate, snapshot_steps: [] });
        phases.push(trace.phase);
      }
      results.push({ phases: letters(phases), engine });
    }
  } else {
    const starts = loadCases(path, traceCaseSchema).map((loaded) => ({
      ...referenceStart(loaded),
      learning_rate: loaded.value.learning_rate,
      snapshot_steps: loaded.value.measure_at ?? [],
    }));
    for (const start of starts) {
      const trace = await traceDense(tf, start);
      const isPredictor = start.layout.layers === 0;
      results.push({
        losses: trace.losses,
        measured: trace.snapshots.map(({ output, ...measured }) => ({
          ...measured,
          ...(isPredictor ? { weights: output } : {}),
        })),
        phase: trace.phase,
        diverged_at: trace.diverged_at,
        increases: trace.increases,
        steps: trace.horizon_steps,
        engine,
      } satisfies TraceResult);
    }
  }
  process.stdout.write(`${toJson(results)}\n`);
}

function phasesByGram(loaded: Loaded<GridCase>): string {
  return letters(gramPhaseOracle(gramStart(loaded))(loaded.value.learning_rates));
}

function phasesByReference(loaded: Loaded<GridCase>): string {
  const start = referenceStart(loaded);
  return letters(
    loaded.value.learning_rates.map(
      (learning_rate) => traceReference({ ...start, learning_rate, snapshot_steps: [] }).phase,
    ),
  );
}

function letters(phases: readonly Phase[]): string {
  return phases.map((phase) => LETTERS[phase]).join("");
}
