import type { Weights } from "../draw_weights.ts";
import { DriftingMatrix } from "./drifting_matrix.ts";
import type { Problem } from "./problem.ts";
import type { Tensor } from "./tfjs.ts";

/**
 * Deep linear nets of B lanes, all samples at once. A linear net is f(x) = β·x + c, so nothing of size
 * n × m ever arises (numerics section 2, "Deeper nets"). With u_l = ∂f/∂z_l and a_l = Σ_i ∂L/∂f_i z_l(x_i):
 *
 *     u_H = κ w,  u_l = κ W_{l+1}ᵀ u_{l+1},  β = s_in W_1ᵀ u_1,  c = b_out + Σ u_l·b_l
 *     f = X β + c,  ρ_i = (1/n) ℓ'(y_i, f_i),  g = Xᵀρ,  r = Σ ρ_i
 *     a_1 = s_in W_1 g + r b_1,  a_{l+1} = κ W_{l+1} a_l + r b_{l+1}
 *
 *     ∂L/∂W_1 = s_in u_1 gᵀ,  ∂L/∂W_{l+1} = κ u_{l+1} a_lᵀ,  ∂L/∂b_l = r u_l
 *     ∂L/∂w = κ a_H,  ∂L/∂b_out = r
 *
 * Without hidden layers β = w and ∂L/∂w = g. Two products with X and two with each matrix make a step.
 */
export class DenseNet {
  readonly problem: Problem;
  matrices: DriftingMatrix[];
  /** w */
  output: Tensor; // B × m, or B × d
  /** b_1 … b_H and b_out; empty without biases. */
  biases: Tensor[]; // B × m each
  outputBias: Tensor | null; // B × 1

  private constructor(
    problem: Problem,
    matrices: DriftingMatrix[],
    output: Tensor,
    biases: Tensor[],
    outputBias: Tensor | null,
  ) {
    this.problem = problem;
    this.matrices = matrices;
    this.output = output;
    this.biases = biases;
    this.outputBias = outputBias;
  }

  /** Nets that start from given weights, as many lanes from each as it says. */
  static create(
    problem: Problem,
    groups: readonly { readonly weights: Weights; readonly lanes: number }[],
  ): DenseNet {
    const { tf, layers, width, inputs } = problem;
    const matrices = Array.from({ length: layers }, (_, l) => {
      const size = { rows: width, columns: l === 0 ? inputs : width };
      return new DriftingMatrix(
        tf,
        size,
        groups.map(({ weights, lanes }) => ({ matrix: new Float32Array(weights.W[l]!), lanes })),
      );
    });
    const vectors = (of: (weights: Weights) => ArrayLike<number>) =>
      tf.tidy(() => {
        const rows = groups.map(({ weights, lanes }) => {
          const values = Float32Array.from(of(weights));
          return tf.tile(tf.tensor2d(values, [1, values.length]), [lanes, 1]);
        });
        return rows.length === 1 ? rows[0]! : tf.concat(rows, 0);
      });
    const { biased } = problem;
    return new DenseNet(
      problem,
      matrices,
      vectors(({ w }) => w),
      biased ? matrices.map((_, l) => vectors(({ biases }) => biases!.b[l]!)) : [],
      biased ? vectors(({ biases }) => [biases!.b_out]) : null,
    );
  }

  /** Everything that a step needs, and the numbers that say how the runs fare. */
  evaluate(): Evaluation {
    const { problem, matrices, biases } = this;
    const { tf, layers, scale, inputScale } = problem;
    return tf.tidy(() => {
      const { u, beta, c } = this.predictor();
      const f = affine(problem, beta, c, problem.transposedX); // B × n'
      const value = tf.mul(problem.loss.value(problem.y, f), problem.weights);
      const loss = tf.sum(tf.sum(tf.reshape(value, [-1, ...problem.stages]), 2), 1, true); // B × 1
      const rho = tf.mul(problem.loss.slope(problem.y, f), problem.weights); // B × n'
      const g = tf.matMul(rho, problem.X); // B × d
      const r = tf.sum(rho, 1, true); // B × 1
      const a: Tensor[] = []; // B × m each
      for (let l = 0; l < layers; l++) {
        const along = matrices[l]!.times(l === 0 ? g : a[l - 1]!);
        const scaled = tf.mul(along, l === 0 ? inputScale : scale);
        a.push(biases.length === 0 ? scaled : tf.add(scaled, tf.mul(r, biases[l]!)));
      }
      return { u, f, g, r, a, loss, rho };
    });
  }

  /**
   * One step of gradient descent, θ ← θ − η ∂L/∂θ. eta is the rate of the hidden layers, etaOutput
   * that of w and b_out. B × 1 each
   */
  move({ u, g, r, a }: Evaluation, eta: Tensor, etaOutput: Tensor): void {
    const { tf, layers, scale, inputScale } = this.problem;
    for (let l = 0; l < layers; l++) {
      const p = tf.tidy(() => tf.mul(tf.mul(u[l]!, eta), l === 0 ? inputScale : scale));
      this.matrices[l]!.subtract(p, l === 0 ? g : a[l - 1]!);
      p.dispose();
    }
    this.biases = this.biases.map((bias, l) =>
      this.replace(bias, () => tf.sub(bias, tf.mul(tf.mul(eta, r), u[l]!))),
    );
    const gradient = layers === 0 ? g : a[layers - 1]!;
    this.output = this.replace(this.output, () =>
      tf.sub(this.output, tf.mul(tf.mul(etaOutput, scale), gradient)),
    );
    const { outputBias } = this;
    if (outputBias !== null) {
      this.outputBias = this.replace(outputBias, () => tf.sub(outputBias, tf.mul(etaOutput, r)));
    }
  }

  /**
   * [L, |∂L/∂θ|², the change of |θ|² by the next step] of every lane, the last two from
   * |u gᵀ|² = |u|²|g|² and θ_l·∂L/∂θ_l = u_l·a_l for each layer with its biases; of linear predictors,
   * whose weights may vanish, |θ|² itself. → B × 3
   */
  figures({ u, g, r, a, loss }: Evaluation, eta: Tensor, etaOutput: Tensor): Tensor {
    const { tf, layers, scale, inputScale } = this.problem;
    const biased = this.outputBias !== null;
    const squared = (v: Tensor) => tf.sum(tf.square(v), 1, true);
    const dot = (v: Tensor, w: Tensor) => tf.sum(tf.mul(v, w), 1, true);
    return tf.tidy(() => {
      const squaredR = tf.square(r);
      let hidden: Tensor = tf.zerosLike(loss);
      let along: Tensor = tf.zerosLike(loss);
      for (let l = 0; l < layers; l++) {
        const factor = (l === 0 ? inputScale : scale) ** 2;
        const input = tf.mul(squared(l === 0 ? g : a[l - 1]!), factor);
        const weight = biased ? tf.add(input, squaredR) : input;
        hidden = tf.add(hidden, tf.mul(squared(u[l]!), weight));
        along = tf.add(along, dot(u[l]!, a[l]!));
      }
      const last = layers === 0 ? g : a[layers - 1]!;
      let output: Tensor = tf.mul(squared(last), scale ** 2);
      let alongOutput: Tensor = tf.mul(dot(this.output, last), scale);
      if (this.outputBias !== null) {
        output = tf.add(output, squaredR);
        alongOutput = tf.add(alongOutput, tf.mul(this.outputBias, r));
      }
      if (layers === 0) {
        const size = squared(this.output);
        const whole = this.outputBias === null ? size : tf.add(size, tf.square(this.outputBias));
        return tf.concat([loss, output, whole], 1);
      }
      const change = (rate: Tensor, dotted: Tensor, square: Tensor) =>
        tf.mul(rate, tf.sub(tf.mul(rate, square), tf.mul(dotted, 2)));
      const moved = tf.add(change(eta, along, hidden), change(etaOutput, alongOutput, output));
      return tf.concat([loss, tf.add(hidden, output), moved], 1);
    });
  }

  /** Share of the test samples on the right side of f = 0, of every lane. → B */
  testAccuracy(): Tensor {
    const { problem } = this;
    const { tf, test } = problem;
    return tf.tidy(() => {
      const { beta, c } = this.predictor();
      const f = affine(problem, beta, c, test!.transposedX);
      return tf.mean(tf.cast(tf.greater(tf.mul(f, test!.y), 0), "float32"), 1);
    });
  }

  /** Keeps these lanes (ascending) and forgets the others. */
  select(lanes: readonly number[]): void {
    const { tf } = this.problem;
    const index = tf.tensor1d([...lanes], "int32");
    const gathered = (tensor: Tensor) => this.replace(tensor, () => tf.gather(tensor, index));
    for (const matrix of this.matrices) matrix.select(lanes, index);
    this.output = gathered(this.output);
    this.biases = this.biases.map(gathered);
    if (this.outputBias !== null) this.outputBias = gathered(this.outputBias);
    index.dispose();
  }

  /** The same nets once more; what one does to them the other does not see. */
  copy(): DenseNet {
    const { tf } = this.problem;
    return new DenseNet(
      this.problem,
      this.matrices.map((matrix) => matrix.copy()),
      tf.clone(this.output),
      this.biases.map((bias) => tf.clone(bias)),
      this.outputBias === null ? null : tf.clone(this.outputBias),
    );
  }

  dispose(): void {
    for (const matrix of this.matrices) matrix.dispose();
    const { output, biases, outputBias } = this;
    this.problem.tf.dispose([output, ...biases, ...(outputBias === null ? [] : [outputBias])]);
  }

  /** What f(x) = β·x + c is made of. beta: B × d; c: B × 1, or null without biases */
  private predictor(): { u: Tensor[]; beta: Tensor; c: Tensor | null } {
    const { problem, matrices, output, outputBias } = this;
    const { tf, layers, scale, inputScale } = problem;
    const u: Tensor[] = new Array(layers); // B × m each
    for (let l = layers - 1; l >= 0; l--) {
      const above = l === layers - 1 ? output : matrices[l + 1]!.timesTransposed(u[l + 1]!);
      u[l] = tf.mul(above, scale);
    }
    const beta = layers === 0 ? output : tf.mul(matrices[0]!.timesTransposed(u[0]!), inputScale);
    const c = outputBias === null ? null : offset(problem, u, this.biases, outputBias);
    return { u, beta, c };
  }

  private replace(old: Tensor, make: () => Tensor): Tensor {
    const made = this.problem.tf.tidy(make);
    old.dispose();
    return made;
  }
}

/** What `DenseNet.evaluate` found; whoever asked for it disposes of it. */
export interface Evaluation {
  /** ∂f/∂z_l, l = 1 … H. */
  readonly u: readonly Tensor[]; // B × m each
  readonly f: Tensor; // B × n'
  readonly rho: Tensor; // B × n'
  readonly g: Tensor; // B × d
  readonly r: Tensor; // B × 1
  readonly a: readonly Tensor[]; // B × m each
  readonly loss: Tensor; // B × 1
}

export function disposeEvaluation({ problem }: DenseNet, evaluation: Evaluation): void {
  const { u, f, rho, g, r, a, loss } = evaluation;
  problem.tf.dispose([...u, f, rho, g, r, ...a, loss]);
}

/** c = b_out + Σ u_l·b_l, or its derivative along anything. → B × 1 */
function offset({ tf }: Problem, u: readonly Tensor[], biases: readonly Tensor[], b_out: Tensor) {
  return u.reduce((sum, at, l) => tf.add(sum, tf.sum(tf.mul(at, biases[l]!), 1, true)), b_out);
}

/** β·x + c at every sample. beta: B × d; c: B × 1 or null; transposedX: d × n → B × n */
function affine({ tf }: Problem, beta: Tensor, c: Tensor | null, transposedX: Tensor): Tensor {
  const f = tf.matMul(beta, transposedX);
  return c === null ? f : tf.add(f, c);
}
