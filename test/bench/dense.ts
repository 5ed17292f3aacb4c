import type { Dataset } from "../../shared/datasets.ts";
import { fillNormals } from "../../shared/random.ts";
import type { Shape } from "../../shared/shape_group.ts";
import { DenseNet, disposeEvaluation } from "../../worker/engine/dense/net.ts";
import { createProblem, type Problem } from "../../worker/engine/dense/problem.ts";
import type { Tensor, Tfjs } from "../../worker/engine/dense/tfjs.ts";
import { openWasm } from "../../worker/engine/dense/wasm.ts";
import { AutodiffNet } from "./autodiff_net.ts";
import { formatNumber, formatTable } from "./table.ts";

/** CIFAR-10 cars and dogs as in Figure 4 of Huang et al. 2020. */
const SAMPLES = 2048;
const FEATURES = 3072;
const WIDTH = 500;
const LANES = [1, 8, 32, 128] as const;
/** Steps of a run, so that the drift of the weights is measured as it grows. */
const STEPS = 100;
/** Steps whose figures are read together, as the engine does by default. */
const CHUNK_STEPS = 16;
const TARGET_RATIO = 50;
const LEARNING_RATE = 1e-3;

interface LanesRow {
  readonly lanes: number;
  /** Milliseconds a step of one run. */
  readonly step_ms: number;
  /** How many times a step with autodiff costs of it. */
  readonly autodiff_ratio: number;
  /** The same of the matrix products alone that an explicit step needs, 4 nmd operations. */
  readonly explicit_ratio: number;
  /** Operations of numerics section 2, a second. */
  readonly gflops: number;
  /** Of a matrix product of the backend in the shapes of the step, X β and Xᵀρ. */
  readonly matmul_gflops: number;
}

export interface DenseReport {
  readonly backend: string;
  readonly autodiff_ms: number;
  /** The products of an explicit step at the rate of the one with X, which needs no transposition. */
  readonly explicit_ms: number;
  readonly rows: readonly LanesRow[];
}

/** A collapsed step beside an autodiff step and the backend's own matrix products. */
export async function benchDense(
  now_ms: () => number,
  open: () => Promise<Tfjs> = openWasm,
): Promise<DenseReport> {
  const tf = await open();
  const problem = createProblem(tf, SHAPE);
  const autodiff_ms = await timeAutodiff(problem, now_ms);
  const explicit_ms = 2 * (await timeForward(problem, now_ms));
  const rows: LanesRow[] = [];
  for (const lanes of LANES) {
    const step_ms = (await timeSteps(problem, lanes, now_ms)) / lanes;
    const matmul_ms = (await timeMatMuls(problem, lanes, now_ms)) / lanes;
    const products = 4 * SAMPLES * FEATURES;
    rows.push({
      lanes,
      step_ms,
      autodiff_ratio: autodiff_ms / step_ms,
      explicit_ratio: explicit_ms / step_ms,
      gflops: (products + 6 * WIDTH * FEATURES) / step_ms / 1e6,
      matmul_gflops: products / matmul_ms / 1e6,
    });
  }
  return { backend: tf.getBackend(), autodiff_ms, explicit_ms, rows };
}

export function formatDenseReport(report: DenseReport): string {
  const { backend, autodiff_ms, explicit_ms, rows } = report;
  const header = [
    ...["runs", "ms a step and run", "autodiff/it", "explicit/it"],
    ...["GFLOP/s", "matMul GFLOP/s", "share"],
  ];
  const table = rows.map((row) => [
    String(row.lanes),
    formatNumber(row.step_ms),
    formatNumber(row.autodiff_ratio),
    formatNumber(row.explicit_ratio),
    formatNumber(row.gflops),
    formatNumber(row.matmul_gflops),
    `${formatNumber((100 * row.gflops) / row.matmul_gflops)} %`,
  ]);
  const worst = Math.min(...rows.map(({ autodiff_ratio }) => autodiff_ratio));
  return [
    `n = ${SAMPLES}, d = ${FEATURES}, m = ${WIDTH}, one hidden layer, ${STEPS} steps, backend ${backend}`,
    `a step with autodiff: ${formatNumber(autodiff_ms)} ms; its products at the rate of X W1ᵀ: ${formatNumber(explicit_ms)} ms`,
    "",
    formatTable([header, ...table]),
    "",
    `target, ${TARGET_RATIO} × autodiff: ${worst >= TARGET_RATIO ? "met" : "missed"} (${formatNumber(worst)})`,
  ].join("\n");
}

const SHAPE: Shape = {
  dataset: images(),
  hidden_layers: 1,
  width: WIDTH,
  weight_variance: 0.5,
  initial_weights: null,
  loss: "logistic",
  output_learning_rate: { ratio: 1 },
  steps: STEPS,
  drop: null,
  measure: [],
  trajectory_every: null,
};

/** Data of the size of the images; what the numbers are does not matter for the time. */
function images(): Dataset {
  const flat = new Float64Array(SAMPLES * FEATURES);
  fillNormals(1, 0, 0xbe7c, 0, flat);
  const X = Array.from({ length: SAMPLES }, (_, i) =>
    flat.subarray(i * FEATURES, (i + 1) * FEATURES),
  );
  return { name: "images", X, flat, y: X.map((_, i) => (i % 2 === 0 ? 1 : -1)) };
}

/** Milliseconds a step of the explicit net. */
async function timeAutodiff(problem: Problem, now_ms: () => number): Promise<number> {
  const net = new AutodiffNet(problem);
  const step = async () => {
    const loss = net.step(LEARNING_RATE);
    await loss.data();
    loss.dispose();
  };
  const time = await median(3, step, now_ms);
  net.dispose();
  return time;
}

/** Milliseconds of X W1ᵀ, 2 nmd operations. */
async function timeForward({ tf, X }: Problem, now_ms: () => number): Promise<number> {
  const W1 = tf.randomNormal([FEATURES, WIDTH]);
  const product = async () => {
    const hidden = tf.matMul(X, W1);
    await hidden.data();
    hidden.dispose();
  };
  const time = await median(3, product, now_ms);
  W1.dispose();
  return time;
}

/** Milliseconds a step of so many runs together, over a whole run. */
async function timeSteps(problem: Problem, lanes: number, now_ms: () => number): Promise<number> {
  const { tf } = problem;
  const net = DenseNet.create(problem, [{ weights: problem.draw(0), lanes }]);
  const eta = tf.fill([lanes, 1], LEARNING_RATE);
  let figures: Tensor[] = [];
  const step = async () => {
    const evaluation = net.evaluate();
    figures.push(net.figures(evaluation, eta, eta));
    net.move(evaluation, eta, eta);
    disposeEvaluation(net, evaluation);
    if (figures.length < CHUNK_STEPS) return;
    const all = tf.stack(figures);
    await all.data();
    tf.dispose([all, ...figures]);
    figures = [];
  };
  await step(); // compiles, and packs the constant operands
  const began = now_ms();
  for (let t = 0; t < STEPS; t++) await step();
  await net.output.data();
  const time = (now_ms() - began) / STEPS;
  net.dispose();
  tf.dispose([eta, ...figures]);
  return time;
}

/** Milliseconds of the two products with X of so many runs, alone. */
async function timeMatMuls(
  { tf, X, transposedX }: Problem,
  lanes: number,
  now_ms: () => number,
): Promise<number> {
  const beta = tf.randomNormal([lanes, FEATURES]);
  const products = async () => {
    const f = tf.matMul(beta, transposedX);
    const g = tf.matMul(f, X);
    await g.data();
    tf.dispose([f, g]);
  };
  const time = await median(9, products, now_ms);
  beta.dispose();
  return time;
}

async function median(
  times: number,
  act: () => Promise<void>,
  now_ms: () => number,
): Promise<number> {
  await act();
  const found: number[] = [];
  for (let i = 0; i < times; i++) {
    const began = now_ms();
    await act();
    found.push(now_ms() - began);
  }
  return found.sort((a, b) => a - b)[times >> 1]!;
}
