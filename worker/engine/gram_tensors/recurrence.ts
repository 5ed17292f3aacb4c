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

/** M (B × (r+1)r) and v (B × (r+1)), or w (B × r); and whatever there is for each of their entries. */
export type Parts = readonly Tensor[];

/**
 * The width-free recurrence (initial_state.ts) of many runs at once. With M = [U; σᵀ] and v = [ρ; s],
 * a = (1, …, 1, 1/m) and b = (1/m, …, 1/m, 1), a step is
 *
 *     β = Mᵀv    g = ∂L/∂β    M' = M − η_W (b∘v) gᵀ    v' = v − η_v a∘(M g)
 *     tr S + q = Σ_k a_k |M_k|² + b_k v_k²
 *
 * and w' = w − η_W g without a hidden layer. M, row by row, and v are a tensor each with one row a run.
 * Entries are brought together by products with constant matrices of zeros and ones, and multiplied
 * elementwise in equal shapes: batched products let a run that overflowed reach its neighbours on
 * WebGPU, and in WebAssembly broadcasting takes 4 to 17 times as long.
 */
export class Recurrence {
  readonly tf: Tfjs;
  /** N */
  readonly length: number;
  /** Entries of each part of a state. */
  readonly lengths: readonly number[];
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
    readonly rowOf: Tensor; // (r+1) × (r+1)r: entry kj of M stands in row k
    readonly columnOf: Tensor; // r × (r+1)r: and in column j
    readonly ofRow: Tensor; // their transposes
    readonly ofColumn: Tensor;
  };
  private readonly sizes: readonly Tensor[]; // a or b for each entry, × 1

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
    this.lengths = this.hidden ? [(rank + 1) * rank, rank + 1] : [rank];
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
      ...this.selectors(),
    };
    this.sizes = this.sizeWeights().map((each) => tf.tensor2d(each, [each.length, 1]));
  }

  dispose(): void {
    this.tf.dispose([...Object.values(this.constants), ...this.sizes]);
  }

  /** L, g and the squared size of every run. */
  evaluate(states: Parts): Evaluation {
    const { tf, loss, constants, sizes } = this;
    const u = tf.matMul(this.beta(states), constants.margins); // B × n
    const { value, pull } = loss(u);
    const size = states.map((part, i) => tf.matMul(tf.square(part), sizes[i]!));
    return {
      loss: this.total(tf.mul(value, constants.weights)),
      g: tf.matMul(pull, constants.pulls), // B × r
      size: size.length === 1 ? size[0]! : tf.add(size[0]!, size[1]!),
    };
  }

  /** What a step takes away from the states: η_W (b∘v) gᵀ and η_v a∘(M g). */
  change([M, v]: Parts, { g }: Evaluation, rates: Parts): Parts {
    const { tf } = this;
    if (v === undefined) return [tf.mul(rates[0]!, g)];
    const { rowOf, columnOf, ofRow } = this.constants;
    const gOfM = tf.matMul(g, columnOf); // B × (r+1)r
    const outer = tf.mul(tf.matMul(v, rowOf), gOfM);
    const alongG = tf.matMul(tf.mul(M!, gOfM), ofRow); // B × (r+1)
    return [tf.mul(rates[0]!, outer), tf.mul(rates[1]!, alongG)];
  }

  /** The learning rate of each entry: η_W b and η_v a; η_W alone without a hidden layer. */
  rates(input: Float32Array, output: Float32Array): Parts {
    const { tf, rank, a, b } = this;
    const lanes = input.length;
    const each = (length: number, of: (lane: number, i: number) => number) =>
      tf.tensor2d(
        Float32Array.from({ length: lanes * length }, (_, i) =>
          of(Math.floor(i / length), i % length),
        ),
        [lanes, length],
      );
    if (!this.hidden) return [each(rank, (lane) => input[lane]!)];
    return [
      each((rank + 1) * rank, (lane, i) => input[lane]! * b[Math.floor(i / rank)]!),
      each(rank + 1, (lane, k) => output[lane]! * a[k]!),
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
  private beta([M, v]: Parts): Tensor {
    if (v === undefined) return M!;
    const { tf, constants } = this;
    return tf.matMul(tf.mul(M!, tf.matMul(v, constants.rowOf)), constants.ofColumn);
  }

  /** Sums over the samples. B × n → B × 1 */
  private total(values: Tensor): Tensor {
    const { tf, stages } = this;
    if (stages[0] === 1) return tf.sum(values, 1, true);
    return tf.sum(tf.sum(tf.reshape(values, [-1, ...stages]), 2), 1, true);
  }

  private sizeWeights(): Float32Array[] {
    const { rank, a, b } = this;
    if (!this.hidden) return [new Float32Array(rank).fill(1)];
    return [
      Float32Array.from({ length: (rank + 1) * rank }, (_, i) => a[Math.floor(i / rank)]!),
      b,
    ];
  }

  private selectors() {
    const { tf, rank } = this;
    const entries = (rank + 1) * rank;
    const matrix = (rows: number, columns: number, isOne: (i: number, j: number) => boolean) =>
      tf.tensor2d(
        Float32Array.from({ length: rows * columns }, (_, at) =>
          isOne(Math.floor(at / columns), at % columns) ? 1 : 0,
        ),
        [rows, columns],
      );
    const row = (entry: number) => Math.floor(entry / rank);
    const column = (entry: number) => entry % rank;
    return {
      rowOf: matrix(rank + 1, entries, (k, entry) => row(entry) === k),
      columnOf: matrix(rank, entries, (j, entry) => column(entry) === j),
      ofRow: matrix(entries, rank + 1, (entry, k) => row(entry) === k),
      ofColumn: matrix(entries, rank, (entry, j) => column(entry) === j),
    };
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
