import type { Problem } from "../../worker/engine/dense/problem.ts";
import type { Tensor, Tfjs } from "../../worker/engine/dense/tfjs.ts";

/**
 * A step of gradient descent as one writes it with tfjs: the explicit net f = m^{−1/2} (X W1) w2, its
 * logistic loss, gradients by tf.variableGrads. The order of the weights, d × m, is the one in which
 * the forward product needs no transposition.
 */
export class AutodiffNet {
  private readonly problem: Problem;
  private readonly W1: ReturnType<Tfjs["variable"]>; // d × m
  private readonly w2: ReturnType<Tfjs["variable"]>; // m × 1
  private readonly signs: Tensor; // n × 1: −κ y
  private readonly weights: Tensor; // n × 1

  constructor(problem: Problem) {
    const { tf, width, inputs, scale } = problem;
    registerGradients(tf);
    const drawn = problem.draw(0);
    this.problem = problem;
    const rows = tf.tensor2d(new Float32Array(drawn.W[0]!), [width, inputs]);
    this.W1 = tf.variable(tf.transpose(rows));
    this.w2 = tf.variable(tf.tensor2d(new Float32Array(drawn.w), [width, 1]));
    this.signs = tf.tidy(() => tf.mul(tf.transpose(problem.y), -scale));
    this.weights = tf.transpose(problem.weights);
    rows.dispose();
  }

  /** One step; returns the loss before it. */
  step(learning_rate: number): Tensor {
    const { tf, X } = this.problem;
    return tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => {
        const f = tf.matMul(tf.matMul(X, this.W1), this.w2);
        return tf.sum(tf.mul(tf.softplus(tf.mul(this.signs, f)), this.weights));
      });
      for (const variable of [this.W1, this.w2]) {
        const gradient = grads[variable.name]!;
        variable.assign(tf.sub(variable, tf.mul(gradient, learning_rate)) as typeof variable);
      }
      return value;
    });
  }

  dispose(): void {
    this.problem.tf.dispose([this.W1, this.w2, this.signs, this.weights]);
  }
}

/** The gradients of these kernels as tfjs-core has them: its build for Node leaves them out. */
function registerGradients(tf: Tfjs): void {
  if (tf.getGradient("BatchMatMul") !== undefined) return;
  tf.registerGradient({
    kernelName: "BatchMatMul",
    inputsToSave: ["a", "b"],
    gradFunc(dy, [a, b]) {
      const slope = dy as Tensor;
      return {
        a: () => tf.matMul(slope, b!, false, true),
        b: () => tf.matMul(a!, slope, true, false),
      };
    },
  });
  tf.registerGradient({
    kernelName: "Multiply",
    inputsToSave: ["a", "b"],
    gradFunc: (dy, [a, b]) => ({
      a: () => tf.mul(dy as Tensor, b!),
      b: () => tf.mul(dy as Tensor, a!),
    }),
  });
  tf.registerGradient({
    kernelName: "Softplus",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => tf.mul(dy as Tensor, tf.sigmoid(x!)) }),
  });
  tf.registerGradient({
    kernelName: "Sum",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => tf.mul(dy as Tensor, tf.onesLike(x!)) }),
  });
}
