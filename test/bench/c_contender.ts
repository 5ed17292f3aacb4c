import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../shared/package_info.ts";
import { numericWidth } from "../../shared/shape_group.ts";
import { initialState, stateLength } from "../../worker/engine/initial_state.ts";
import { rowSpan } from "../../worker/engine/span.ts";
import { type Case, type Contender, largestRelativeError, type Timing } from "./contender.ts";
import type { FixedBatch } from "./workload.ts";

const SOURCES = join(packageRoot, "test", "bench", "c");

/** Numbers for each run in a results file: phase, increases, largest loss, diverged_at. */
const RESULT_LENGTH = 4;

/** Builds one of test/bench/c/*.c in the folder. Returns the program, or why there is none. */
export function compileC(
  name: string,
  folder: string,
  batch: FixedBatch,
  flags: readonly string[],
): { program: string } | { missing: string } {
  const compiler = process.env["CC"] ?? "gcc";
  const { X, y } = batch.shape.dataset;
  const program = join(folder, name);
  const { error, status, stderr } = spawnSync(
    compiler,
    [
      ...["-O3", "-march=native", ...flags],
      ...[`-DRANK=${rowSpan(X).rank}`, `-DSAMPLES=${y.length}`],
      ...[join(SOURCES, `${name}.c`), "-o", program, "-lm"],
    ],
    { encoding: "utf8" },
  );
  if (error !== undefined) return { missing: `no compiler (${compiler})` };
  return status === 0 ? { program } : { missing: `${compiler} failed: ${stderr.trim()}` };
}

/** The batch in the form that test/bench/c/kernel.h describes. */
function runsFile(batch: FixedBatch): Float64Array {
  const { shape, seeds, learning_rates } = batch;
  const span = rowSpan(shape.dataset.X);
  const { steps, weight_variance } = shape;
  const width = numericWidth(shape);
  const header = [seeds.length, steps, 1 / width!, ...span.coordinates, ...shape.dataset.y];
  const length = stateLength(span.rank) + 1;
  const file = new Float64Array(header.length + seeds.length * length);
  file.set(header);
  let state = new Float64Array();
  for (let i = 0; i < seeds.length; i++) {
    if (i === 0 || seeds[i] !== seeds[i - 1]) {
      const seed = seeds[i]!;
      state = Float64Array.from(
        initialState(span, width, { kind: "drawn", seed, weight_variance }),
      );
    }
    const at = header.length + i * length;
    file.set(state, at);
    file[at + length - 1] = learning_rates[i]!;
  }
  return file;
}

function readNumbers(path: string): Float64Array {
  return new Float64Array(Uint8Array.from(readFileSync(path)).buffer);
}

/** One of the C programs; `phases` is what our engine finds for the batch. */
export function cContender(
  name: string,
  setting: string,
  program: string,
  folder: string,
  batch: FixedBatch,
  phases: Float64Array,
  cases: readonly Case[],
): Contender {
  const runs = join(folder, "runs.bin");
  const results = join(folder, "results.bin");
  const run = (input: string, ...rest: string[]): Timing =>
    JSON.parse(execFileSync(program, [input, results, ...rest], { encoding: "utf8" })) as Timing;

  writeFileSync(runs, runsFile(batch));
  run(runs, "0");
  const found = readNumbers(results);
  const same = phases.filter((phase, i) => phase === found[i * RESULT_LENGTH]).length;

  const { shape } = batch;
  const caseRuns = join(folder, "cases.bin");
  const caseBatch: FixedBatch = {
    shape,
    seeds: Float64Array.from(cases, ({ seed }) => seed),
    learning_rates: Float64Array.from(cases, ({ learning_rate }) => learning_rate),
  };
  writeFileSync(caseRuns, runsFile(caseBatch));
  run(caseRuns, "0", "losses");
  const losses = readNumbers(results).subarray(cases.length * RESULT_LENGTH);
  const length = shape.steps + 1;

  return {
    name,
    setting,
    largestError: largestRelativeError(
      cases,
      cases.map((_, i) => losses.subarray(i * length, (i + 1) * length)),
    ),
    samePhase: same / phases.length,
    time: (seconds) => run(runs, String(seconds)),
    close() {},
  };
}
