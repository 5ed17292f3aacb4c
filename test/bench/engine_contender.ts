import type { ResultColumns } from "../../shared/result_columns.ts";
import { numericWidth } from "../../shared/shape_group.ts";
import { gramEngine, traceRun } from "../../worker/engine/gram.ts";
import { type Case, type Contender, largestRelativeError } from "./contender.ts";
import type { FixedBatch } from "./workload.ts";

/** Our engine, in this process, with what it found for the batch. */
export function engineContender(
  batch: FixedBatch,
  cases: readonly Case[],
): { contender: Contender; found: ResultColumns } {
  const { dataset, loss, steps, weight_variance } = batch.shape;
  const width = numericWidth(batch.shape);
  const losses = cases.map(({ seed, learning_rate }) => {
    const initial = { kind: "drawn", seed, weight_variance } as const;
    const model = { dataset, width, loss, steps };
    return traceRun({ ...model, learning_rate, initial, snapshot_steps: [] }).losses;
  });
  const found = gramEngine.run(batch);
  const ofCases = gramEngine.run({
    shape: batch.shape,
    seeds: Float64Array.from(cases, ({ seed }) => seed),
    learning_rates: Float64Array.from(cases, ({ learning_rate }) => learning_rate),
  });
  // Traces are the engine's to keep equal to batches; the columns show whether they are.
  cases.forEach((_, i) => {
    const [final, largest] = [losses[i]!.at(-1), Math.max(...losses[i]!)];
    if (ofCases.loss_final[i] !== final || ofCases.loss_max[i] !== largest) {
      throw new Error(`case ${i}: a trace and a batch differ`);
    }
  });
  const contender: Contender = {
    name: "phasesweep",
    setting: `${gramEngine.name} engine, ${batch.seeds.length} cells a batch`,
    largestError: largestRelativeError(cases, losses),
    samePhase: 1,
    time(seconds) {
      const start = performance.now();
      let runs = 0;
      let elapsed = 0;
      while (elapsed < seconds) {
        gramEngine.run(batch);
        runs += batch.seeds.length;
        elapsed = (performance.now() - start) / 1000;
      }
      return { runs, seconds: elapsed };
    },
    close() {},
  };
  return { contender, found };
}
