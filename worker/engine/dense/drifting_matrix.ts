import { ownData, transposedCopy } from "./own_data.ts";
import type { Tensor, Tfjs } from "./tfjs.ts";

/** Steps after which the drift of a large matrix is added up; a small one pays off earlier. */
export const DRIFT_STEPS_MAX = 128;
const HISTORY_MIN = 4;
/** Steps of drift in one tensor: appending copies what is in it. */
const PIECE_STEPS = 32;
/** Numbers beyond this are of a run that has left every bound, or will with its next step. */
const BOUNDED = 1e15;
/** Numbers of a matrix up to which products of many small ones are quick on every backend. */
const SMALL_MATRIX = 2 ** 14;

/** A matrix that consecutive lanes have in common (2-D), or one for each of them (3-D). */
interface Base {
  readonly lanes: number;
  readonly matrix: Tensor; // rows × columns, or lanes × rows × columns
  /** Of a matrix in common: backends that pack constant operands want no transposition. */
  readonly transposed: Tensor | null; // columns × rows
}

/** k steps of drift. */
interface Piece {
  readonly left: Tensor; // B × k × rows
  readonly right: Tensor; // B × k × columns
  readonly steps: number;
}

/**
 * One weight matrix of every lane, W_b = W_b(0) − Σ_t p_bt q_btᵀ: gradients of a linear net have rank
 * one, so a step appends two vectors a lane and touches no matrix. Until the drift is added up, lanes
 * of one seed share W(0), and their products with it are one GEMM.
 */
export class DriftingMatrix {
  private readonly tf: Tfjs;
  private readonly rows: number;
  private readonly columns: number;
  /** Whether the backend multiplies many large matrices at once as quickly as one by one. */
  private readonly batches: boolean;
  private bases: Base[];
  private pieces: Piece[] = [];

  /** `groups`: a matrix (rows × columns, row by row) and how many lanes start from it. */
  constructor(
    tf: Tfjs,
    size: { readonly rows: number; readonly columns: number },
    groups: readonly { readonly matrix: Float32Array; readonly lanes: number }[],
  ) {
    this.tf = tf;
    this.rows = size.rows;
    this.columns = size.columns;
    this.batches = tf.getBackend() !== "wasm" || this.rows * this.columns <= SMALL_MATRIX;
    this.bases = groups.map(({ matrix, lanes }) =>
      this.sharedBase(tf.tensor2d(matrix, [this.rows, this.columns]), lanes),
    );
  }

  /** Wᵀu of every lane. u: B × rows → B × columns */
  timesTransposed(u: Tensor): Tensor {
    return this.product(u, "left", "right", ({ matrix }) => matrix, false);
  }

  /** W v of every lane. v: B × columns → B × rows */
  times(v: Tensor): Tensor {
    return this.product(v, "right", "left", ({ transposed }) => transposed!, true);
  }

  /** W ← W − p qᵀ in every lane. p: B × rows; q: B × columns */
  subtract(p: Tensor, q: Tensor): void {
    const { tf } = this;
    const [left, right] = tf.tidy(() => [
      tf.expandDims(ownData(tf, this.bounded(p)), 1),
      tf.expandDims(ownData(tf, this.bounded(q)), 1),
    ]) as [Tensor, Tensor];
    const last = this.pieces.at(-1);
    if (last === undefined || last.steps >= PIECE_STEPS) {
      this.pieces.push({ left, right, steps: 1 });
    } else {
      this.pieces[this.pieces.length - 1] = {
        left: tf.concat([last.left, left], 1),
        right: tf.concat([last.right, right], 1),
        steps: last.steps + 1,
      };
      tf.dispose([last.left, last.right, left, right]);
    }
    const history = this.pieces.reduce((sum, { steps }) => sum + steps, 0);
    const worth = Math.ceil((this.rows * this.columns) / (this.rows + this.columns));
    if (history >= Math.max(HISTORY_MIN, Math.min(DRIFT_STEPS_MAX, worth))) this.addUp();
  }

  /** Keeps these lanes (ascending) and forgets the others. */
  select(lanes: readonly number[], index: Tensor): void {
    const { tf } = this;
    const bases: Base[] = [];
    let first = 0;
    for (const base of this.bases) {
      const kept = lanes.filter((lane) => lane >= first && lane < first + base.lanes);
      if (kept.length === base.lanes || (kept.length > 0 && base.matrix.rank === 2)) {
        bases.push({ ...base, lanes: kept.length });
      } else {
        if (kept.length > 0) {
          const places = tf.tensor1d(
            kept.map((lane) => lane - first),
            "int32",
          );
          const matrix = tf.gather(base.matrix, places);
          bases.push({ lanes: kept.length, matrix, transposed: null });
          places.dispose();
        }
        tf.dispose([base.matrix, ...(base.transposed === null ? [] : [base.transposed])]);
      }
      first += base.lanes;
    }
    this.bases = bases;
    this.pieces = this.pieces.map(({ left, right, steps }) => {
      const piece = { left: tf.gather(left, index), right: tf.gather(right, index), steps };
      tf.dispose([left, right]);
      return piece;
    });
  }

  /** The same matrices once more, sharing memory as long as neither is changed. */
  copy(): DriftingMatrix {
    const { tf } = this;
    const copy: DriftingMatrix = Object.create(DriftingMatrix.prototype);
    return Object.assign(copy, {
      ...this,
      bases: this.bases.map(({ lanes, matrix, transposed }) => ({
        lanes,
        matrix: tf.clone(matrix),
        transposed: transposed === null ? null : tf.clone(transposed),
      })),
      pieces: this.pieces.map(({ left, right, steps }) => ({
        left: tf.clone(left),
        right: tf.clone(right),
        steps,
      })),
    });
  }

  dispose(): void {
    for (const { matrix, transposed } of this.bases) {
      this.tf.dispose([matrix, ...(transposed === null ? [] : [transposed])]);
    }
    for (const { left, right } of this.pieces) this.tf.dispose([left, right]);
    this.bases = [];
    this.pieces = [];
  }

  private sharedBase(matrix: Tensor, lanes: number): Base {
    return { lanes, matrix, transposed: transposedCopy(this.tf, matrix) };
  }

  /**
   * Products of many small matrices on a GPU read past the end of a matrix and multiply what they
   * find there, the next lane's numbers, by zero: an infinity would make its neighbours NaN. What
   * goes into them is therefore set to zero once its run is lost, which its loss or its size tells.
   */
  private bounded(v: Tensor): Tensor {
    const { tf } = this;
    if (tf.getBackend() === "wasm") return v;
    return tf.where(tf.less(tf.abs(v), BOUNDED), v, tf.zerosLike(v));
  }

  /** B × a; what has a columns goes first, what has b columns gives the result. → B × b */
  private product(
    vectors: Tensor,
    from: "left" | "right",
    to: "left" | "right",
    shared: (base: Base) => Tensor,
    transposes: boolean,
  ): Tensor {
    const { tf } = this;
    return tf.tidy(() => {
      const v = this.bounded(vectors);
      let first = 0;
      const parts = this.bases.map((base) => {
        const rows = this.bases.length === 1 ? v : tf.slice(v, [first, 0], [base.lanes, -1]);
        first += base.lanes;
        if (base.matrix.rank === 2) return tf.matMul(rows, shared(base));
        return tf.squeeze(tf.matMul(tf.expandDims(rows, 1), base.matrix, false, transposes), [1]);
      });
      let sum = parts.length === 1 ? parts[0]! : tf.concat(parts, 0);
      for (const piece of this.pieces) {
        const weights = tf.matMul(piece[from], tf.expandDims(v, 2)); // B × k × 1
        const asRow = tf.reshape(weights, [-1, 1, piece.steps]);
        sum = tf.sub(sum, tf.squeeze(tf.matMul(asRow, piece[to]), [1])); // B × b
      }
      return sum;
    });
  }

  /** Adds the drift to the matrices; from then on every lane has one of its own. */
  private addUp(): void {
    const { tf, pieces, bases } = this;
    const concat = (side: "left" | "right") =>
      tf.concat(
        pieces.map((piece) => piece[side]),
        1,
      );
    const next = tf.tidy(() => {
      const [P, Q] = [concat("left"), concat("right")]; // B × k × rows, B × k × columns
      if (this.batches) {
        const whole = bases.map(({ matrix, lanes }) =>
          matrix.rank === 3 ? matrix : tf.tile(tf.expandDims(matrix, 0), [lanes, 1, 1]),
        );
        const start = whole.length === 1 ? whole[0]! : tf.concat(whole, 0);
        return [tf.sub(start, tf.matMul(P, Q, true, false))];
      }
      let lane = 0;
      return bases.flatMap(({ matrix, lanes }) =>
        Array.from({ length: lanes }, () => {
          const steps = P.shape[1]!;
          const p = tf.reshape(tf.slice(P, [lane, 0, 0], [1, -1, -1]), [steps, this.rows]);
          const q = tf.reshape(tf.slice(Q, [lane, 0, 0], [1, -1, -1]), [steps, this.columns]);
          lane++;
          return tf.sub(matrix, tf.matMul(tf.transpose(p), q));
        }),
      );
    });
    const lanes = bases.reduce((sum, base) => sum + base.lanes, 0);
    this.dispose();
    this.bases = this.batches
      ? [{ lanes, matrix: next[0]!, transposed: null }]
      : next.map((matrix) => this.sharedBase(matrix, 1));
  }
}
