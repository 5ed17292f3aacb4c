import type { Dataset } from "../../../shared/datasets.ts";
import type { Loss } from "../../../shared/losses.ts";
import type { Backend } from "../../../shared/numeric_class.ts";
import type { Tensor, Tfjs } from "../dense/tfjs.ts";
import { gatherDirections } from "../gram_kernel.ts";
import { stateLength } from "../initial_state.ts";
import { trainingCoordinates } from "../models.ts";
import type { Span } from "../span.ts";
import { type MarginLoss, marginLoss } from "./margins.ts";

/** Up to so many samples are added up at once; more in two stages, which rounds less. */
const ONE_STAGE_MAX = 64;

/** What a state comes to: its loss, its gradient, and its squared size tr S + q (or |w|²). */
export interface Evaluation {
  readonly loss: Tensor; // B × 1
  readonly g: Tensor; // B × r
  readonly size: Tensor; // B × 1
}

/** Learning rates of a batch, each with the powers of 1/m that go with it. */
export type Rates = readonly [input: Tensor, output: Tensor];

/**
 * The width-free recurrence (initial_state.ts) of many runs at once. With M = [U; σᵀ] and v = [ρ; s],
 * a = (1, …, 1, 1/m) and b = (1/m, …, 1/m, 1), a step is
 *
 *     β = Mᵀv    g = ∂L/∂β    M' = M − η_W (b∘v) gᵀ    v' = v − η_v a∘(M g)
 *     tr S + q = Σ_k a_k |M_k|² + b_k v_k²
 *
 * and w' = w − η_W g without a hidden layer. A run is one row [M row by row, v] of a B × N tensor.
 * Products are elementwise, or of matrices with constant right factors: on WebGPU a run that
 * overflowed reaches its neighbours through batched products.
 */
export class Recurrence {
  readonly tf: Tfjs;
  /** N */
  readonly length: number;
  private readonly rank: number;
  private readonly hidden: boolean;
  private readonly a: Float32Array;
  private readonly b: Float32Array;
  private readonly loss: MarginLoss;
  private readonly stages: readonly [number, number];
  private readonly constants: {
    readonly margins: Tensor; // r × n, z_i = y_i x_i
    readonly pulls: Tensor; // n × r, −w_i z_i
    readonly weights: Tensor; // 1 × n
    readonly sizes: Tensor; // N × 1
  };

  constructor(
    tf: Tfjs,
    backend: Backend,
    problem: {
      readonly dataset: Dataset;
      readonly loss: Loss;
      readonly span: Span;
      readonly width: number | null;
    },
  ) {
    const { dataset, loss, span, width } = problem;
    const { rank } = span;
    this.tf = tf;
    this.rank = rank;
    this.hidden = width !== null;
    this.length = this.hidden ? stateLength(rank) : rank;
    const inverse_width = width === null ? 1 : 1 / width;
    this.a = new Float32Array(rank + 1).fill(1);
    this.a[rank] = inverse_width;
    this.b = new Float32Array(rank + 1).fill(inverse_width);
    this.b[rank] = 1;
    this.loss = marginLoss(tf, backend, loss);

    const rows = weightedRows(dataset, span);
    const columns = rows.length <= ONE_STAGE_MAX ? rows.length : Math.ceil(Math.sqrt(rows.length));
    this.stages = [Math.ceil(rows.length / columns), columns];
    const n = this.stages[0] * this.stages[1];
    const margins = new Float32Array(rank * n);
    const pulls = new Float32Array(n * rank);
    const weights = new Float32Array(n);
    for (const [i, { z, weight }] of rows.entries()) {
      weights[i] = weight;
      for (let j = 0; j < rank; j++) {
        margins[j * n + i] = z[j]!;
        pulls[i * rank + j] = -weight * z[j]!;
      }
    }
    this.constants = {
      margins: tf.tensor2d(margins, [rank, n]),
      pulls: tf.tensor2d(pulls, [n, rank]),
      weights: tf.tensor2d(weights, [1, n]),
      sizes: tf.tensor2d(this.sizeWeights(), [this.length, 1]),
    };
  }

  dispose(): void {
    this.tf.dispose(Object.values(this.constants));
  }

  /** L, g and the squared size of every run. states: B × N */
  evaluate(states: Tensor): Evaluation {
    const { tf, loss, constants } = this;
    const { margins, pulls, weights, sizes } = constants;
    const u = tf.matMul(this.beta(states), margins); // B × n
    const { value, pull } = loss(u);
    return {
      loss: this.total(tf.mul(value, weights)),
      g: tf.matMul(pull, pulls), // B × r
      size: tf.matMul(tf.square(states), sizes),
    };
  }

  /** What a step takes away from the states: η_W (b∘v) gᵀ and η_v a∘(M g). → B × N */
  change(states: Tensor, { g }: Evaluation, [input, output]: Rates): Tensor {
    const { tf, rank } = this;
    if (!this.hidden) return tf.mul(input, g);
    const { M, v } = this.parts(states);
    const row = tf.reshape(g, [-1, 1, rank]);
    const ofM = tf.mul(tf.mul(input, v), row); // B × (r+1) × r
    const ofV = tf.mul(output, tf.sum(tf.mul(M, row), 2)); // B × (r+1)
    return tf.concat([tf.reshape(ofM, [-1, (rank + 1) * rank]), ofV], 1);
  }

  /** η_W b and η_v a of every run: B × (r+1) × 1 and B × (r+1); η_W alone without a hidden layer. */
  rates(input: Float32Array, output: Float32Array): Rates {
    const { tf, rank, a, b } = this;
    const lanes = input.length;
    if (!this.hidden) return [tf.tensor2d(input, [lanes, 1]), tf.tensor2d(output, [lanes, 1])];
    const outer = (rates: Float32Array, by: Float32Array) =>
      Float32Array.from({ length: lanes * by.length }, (_, i) => {
        return rates[Math.floor(i / by.length)]! * by[i % by.length]!;
      });
    return [
      tf.tensor3d(outer(input, b), [lanes, rank + 1, 1]),
      tf.tensor2d(outer(output, a), [lanes, rank + 1]),
    ];
  }

  /** A state of initial_state.ts, [U, ρ, σ, s], as a row here; its own inverse. */
  reordered(state: Float64Array): Float64Array {
    if (!this.hidden) return state;
    const { rank } = this;
    const at = rank * rank;
    const row = state.slice();
    row.set(state.subarray(at + rank, at + 2 * rank), at);
    row.set(state.subarray(at, at + rank), at + rank);
    return row;
  }

  /** β = Mᵀv, or w. → B × r */
  private beta(states: Tensor): Tensor {
    if (!this.hidden) return states;
    const { M, v } = this.parts(states);
    return this.tf.sum(this.tf.mul(M, v), 1);
  }

  private parts(states: Tensor): { readonly M: Tensor; readonly v: Tensor } {
    const { tf, rank } = this;
    const [M, v] = tf.split(states, [(rank + 1) * rank, rank + 1], 1);
    return {
      M: tf.reshape(M!, [-1, rank + 1, rank]),
      v: tf.reshape(v!, [-1, rank + 1, 1]),
    };
  }

  /** Sums over the samples. B × n → B × 1 */
  private total(values: Tensor): Tensor {
    const { tf, stages } = this;
    if (stages[0] === 1) return tf.sum(values, 1, true);
    return tf.sum(tf.sum(tf.reshape(values, [-1, ...stages]), 2), 1, true);
  }

  private sizeWeights(): Float32Array {
    const { rank, a, b } = this;
    if (!this.hidden) return new Float32Array(rank).fill(1);
    const ofM = Array.from({ length: (rank + 1) * rank }, (_, i) => a[Math.floor(i / rank)]!);
    return Float32Array.from([...ofM, ...b]);
  }
}

/** The directions y x of the samples, each once, with its share of the samples as weight. */
function weightedRows(
  dataset: Dataset,
  span: Span,
): { readonly z: readonly number[]; readonly weight: number }[] {
  const { rank } = span;
  const samples = dataset.y.length;
  const signed = trainingCoordinates(dataset, span).map(
    (z, i) => z * dataset.y[Math.floor(i / rank)]!,
  );
  const { singles, repeated } = gatherDirections(signed, rank);
  const rows: { z: number[]; weight: number }[] = [];
  for (let i = 0; i < singles.length; i += rank) {
    rows.push({ z: singles.slice(i, i + rank), weight: 1 / samples });
  }
  for (let i = 0; i < repeated.length; i += rank + 2) {
    const z = repeated.slice(i, i + rank);
    const [as_is, negated] = [repeated[i + rank]!, repeated[i + rank + 1]!];
    if (as_is > 0) rows.push({ z, weight: as_is / samples });
    if (negated > 0) rows.push({ z: z.map((value) => -value), weight: negated / samples });
  }
  return rows;
}
