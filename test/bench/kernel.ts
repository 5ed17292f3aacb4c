import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PHASES } from "../../shared/phases.ts";
import type { ResultColumns } from "../../shared/result_columns.ts";
import { gramEngine } from "../../worker/engine/gram.ts";
import { cContender, compileC } from "./c_contender.ts";
import type { Case, Contender } from "./contender.ts";
import { engineContender } from "./engine_contender.ts";
import { pythonContenders } from "./python_contender.ts";
import { referenceLosses } from "./reference.ts";
import { formatNumber, formatTable, median } from "./table.ts";
import { drawnWeights, LEARNING_RATES, learningRates, makeBatch, SHAPE } from "./workload.ts";

const SEEDS = 16;
const RATES_PER_SEED = 1024;
const CASE_SEEDS = 4;
const RATES_PER_CASE_SEED = 4;
const PEERS = ["numpy", "torch", "jax"] as const;

/** Ours ≥ 2 × scalar C and ≥ 10 × the fastest Python peer. Reported, never enforced. */
const SCALAR_TARGET = 2;
const PEER_TARGET = 10;

const SCALAR = "C scalar";
const VECTORISED = "C vectorised";

export interface KernelOptions {
  /** How often every contender has its turn. */
  readonly rounds: number;
  /** Length of a turn. */
  readonly seconds: number;
}

interface Row {
  readonly name: string;
  readonly setting: string;
  readonly runs_per_second: number;
  /** Our speed by its speed: the median over rounds, the least and the largest. */
  readonly ours_over_it: number;
  readonly least_ratio: number;
  readonly largest_ratio: number;
  readonly largest_error: number;
  readonly same_phase: number;
}

export interface KernelReport {
  readonly phases: Readonly<Record<string, number>>;
  readonly rows: readonly Row[];
  readonly skipped: readonly string[];
}

function knownCases(): Case[] {
  const rates = RATES_PER_CASE_SEED;
  const { phase } = gramEngine.run(makeBatch(SHAPE, 0, CASE_SEEDS, rates));
  return Array.from({ length: CASE_SEEDS }, (_, seed) => {
    const weights = drawnWeights(SHAPE, seed);
    return learningRates(rates).map((learning_rate, i) => {
      const losses = referenceLosses(SHAPE.dataset, weights, learning_rate, SHAPE.steps);
      return { seed, learning_rate, losses, phase: phase[seed * rates + i]! };
    });
  }).flat();
}

/** What a Python peer is given; test/bench/python/peer.py reads it. */
function problemFile(folder: string, cases: readonly Case[]): string {
  const weights = Array.from({ length: SEEDS }, (_, seed) => drawnWeights(SHAPE, seed));
  const path = join(folder, "problem.json");
  writeFileSync(
    path,
    JSON.stringify({
      X: SHAPE.dataset.X,
      y: SHAPE.dataset.y,
      width: SHAPE.width,
      steps: SHAPE.steps,
      learning_rates: LEARNING_RATES,
      W1: weights.map(({ W1 }) => W1),
      w2: weights.map(({ w2 }) => w2),
      cases,
    }),
  );
  return path;
}

/** How many runs of the batch have each phase, and how many had to go on beyond T. */
function countPhases(found: ResultColumns): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const index of found.phase) {
    const phase = PHASES[index]!;
    counts[phase] = (counts[phase] ?? 0) + 1;
  }
  const extended = found.horizon_steps.filter((steps) => steps > SHAPE.steps).length;
  return { ...counts, extended };
}

async function gather(folder: string): Promise<{
  contenders: Contender[];
  skipped: string[];
  phases: Record<string, number>;
}> {
  const cases = knownCases();
  const batch = makeBatch(SHAPE, 0, SEEDS, RATES_PER_SEED);
  const { contender, found } = engineContender(batch, cases);
  const contenders = [contender];
  const skipped: string[] = [];
  for (const [name, source, flags] of [
    [SCALAR, "scalar", []],
    [VECTORISED, "vectorised", []],
    [`${VECTORISED}, 512 bits`, "vectorised", ["-mprefer-vector-width=512"]],
  ] as const) {
    const own = mkdtempSync(join(folder, `${source}-`));
    const built = compileC(source, own, batch, flags);
    if ("missing" in built) skipped.push(`${name}: ${built.missing}`);
    else {
      const setting = ["-O3 -march=native", ...flags].join(" ");
      contenders.push(cContender(name, setting, built.program, own, batch, found.phase, cases));
    }
  }
  const problem = problemFile(folder, cases);
  for (const peer of PEERS) {
    process.stderr.write(`${peer}: looking for its best batch …\n`);
    const started = await pythonContenders(peer, problem);
    if ("missing" in started) skipped.push(`${peer}: ${started.missing}`);
    else contenders.push(...started);
  }
  return { contenders, skipped, phases: countPhases(found) };
}

/** Lets all contenders take turns, our engine first. → contenders × rounds, in runs/s */
async function takeTurns(
  contenders: readonly Contender[],
  { rounds, seconds }: KernelOptions,
): Promise<number[][]> {
  const speeds: number[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
    for (const [i, contender] of contenders.entries()) {
      const timing = await contender.time(seconds);
      speeds[i]!.push(timing.runs / timing.seconds);
    }
  }
  return speeds;
}

/** Times our engine against C and Python on the workload of workload.ts, in turns. */
export async function benchKernel(options: KernelOptions): Promise<KernelReport> {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-bench-"));
  try {
    const { contenders, skipped, phases } = await gather(folder);
    const speeds = await takeTurns(contenders, options);
    for (const contender of contenders) contender.close();
    const rows = contenders.map(({ name, setting, largestError, samePhase }, i) => {
      const ratios = speeds[i]!.map((speed, round) => speeds[0]![round]! / speed);
      return {
        name,
        setting,
        runs_per_second: median(speeds[i]!),
        ours_over_it: median(ratios),
        least_ratio: Math.min(...ratios),
        largest_ratio: Math.max(...ratios),
        largest_error: largestError,
        same_phase: samePhase,
      };
    });
    return { phases, rows, skipped };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function verdict(ratio: number, target: number): string {
  return `${formatNumber(ratio)} × (target ${target} ×: ${ratio >= target ? "met" : "missed"})`;
}

/** The comparisons that the project set itself, as far as their contenders were there. */
function targets(rows: readonly Row[]): string[] {
  const scalar = rows.find(({ name }) => name === SCALAR);
  const least = (chosen: readonly Row[]): Row | undefined =>
    chosen.toSorted((a, b) => a.ours_over_it - b.ours_over_it)[0];
  const vectorised = least(rows.filter(({ name }) => name.startsWith(VECTORISED)));
  const peers = rows.filter(({ name }) => PEERS.some((known) => name.startsWith(known)));
  const peer = least(peers);
  const precise = least(peers.filter(({ name }) => name.endsWith("float64")));
  const lines: string[] = [];
  if (scalar) lines.push(`ours / scalar C: ${verdict(scalar.ours_over_it, SCALAR_TARGET)}`);
  for (const [of, fastest] of [
    ["fastest Python peer", peer],
    ["fastest in float64", precise],
  ] as const) {
    if (fastest === undefined) continue;
    const text = verdict(fastest.ours_over_it, PEER_TARGET);
    lines.push(`ours / ${of} (${fastest.name}): ${text}`);
  }
  if (vectorised) {
    const share = formatNumber(100 * vectorised.ours_over_it);
    lines.push(`ours / vectorised C: ${share} % of what the machine can do`);
  }
  return lines;
}

export function formatKernelReport({ phases, rows, skipped }: KernelReport): string {
  const counts = Object.entries(phases).map(([phase, count]) => `${count} ${phase}`);
  const table = rows.map((row) => [
    row.name,
    formatNumber(row.runs_per_second),
    formatNumber(row.ours_over_it),
    `${formatNumber(row.least_ratio)} – ${formatNumber(row.largest_ratio)}`,
    row.largest_error.toExponential(1),
    `${formatNumber(100 * row.same_phase)} %`,
    row.setting,
  ]);
  const head = ["", "runs/s", "ours/it", "min – max", "error", "same phase", "setting"];
  return [
    `Example 4, logistic, m = ${SHAPE.width}, T = ${SHAPE.steps}; runs: ${counts.join(", ")}`,
    "",
    formatTable([head, ...table], [0, head.length - 1]),
    "",
    ...targets(rows),
    ...skipped.map((line) => `skipped ${line}`),
  ].join("\n");
}
