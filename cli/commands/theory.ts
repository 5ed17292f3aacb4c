import { checkTheory } from "../../coordinator/analysis/theory.ts";
import { readPlan } from "../../coordinator/results/metadata.ts";
import type { Loss } from "../../shared/losses.ts";
import { phi } from "../../shared/phi.ts";
import { mergedResultsIn, withDuckDb } from "../results_folder.ts";
import { formatColumns, formatCount } from "../text/format.ts";

/** Holds the paper's theorems against the runs of a results folder. */
export async function theoryCommand(
  folder: string,
  { json }: { readonly json?: boolean },
): Promise<void> {
  const results = mergedResultsIn(folder);
  const claims = await withDuckDb(async (connection) => {
    // What no sweep made has other columns.
    await readPlan(connection, results);
    return checkTheory(connection, results);
  });
  if (json) {
    process.stdout.write(`${JSON.stringify(claims, null, 2)}\n`);
    return;
  }
  const rows = claims.map(({ claim, runs, held, counterexample }) => [
    claim,
    formatCount(runs),
    formatCount(held),
    counterexample === null ? "" : `cell ${counterexample}`,
  ]);
  process.stdout.write(
    rows.length === 0
      ? "no run here is of a kind that the theorems speak about\n"
      : `${formatColumns([["claim", "runs", "held", "worst exception"], ...rows])}\n`,
  );
}

export interface PhiOptions {
  readonly loss: Loss;
  readonly learningRate: number;
  readonly ntk: number;
  readonly width?: number;
  readonly to: number;
  readonly points: number;
  readonly json?: boolean;
}

/** Prints the curve φ of the proofs as comma-separated values: x, φ(x), φ'(x). */
export function phiCommand(options: PhiOptions): void {
  const { loss, learningRate, ntk, width, to, points } = options;
  const inverse_width = width === undefined ? 0 : 1 / width;
  const curve = { loss, learning_rate: learningRate, ntk, inverse_width };
  const rows = Array.from({ length: points }, (_, i) => {
    const x = (to * i) / (points - 1);
    return { x, ...phi(curve, x) };
  });
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ ...curve, points: rows }, null, 2)}\n`);
    return;
  }
  const lines = rows.map(({ x, phi: value, derivative }) => `${x},${value},${derivative}`);
  process.stdout.write(`${["x,phi,derivative", ...lines].join("\n")}\n`);
}
