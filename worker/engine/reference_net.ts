/**
 * The deep linear networks of Huang et al. 2020 (section 2, eq 3) with every weight spelled out,
 * as one flat parameter vector θ of P numbers:
 *
 *     z_0 = x,  z_1 = s_in W_1 z_0 + b_1,  z_{l+1} = m^{−1/2} W_{l+1} z_l + b_{l+1}  (l ≥ 1)
 *     f = m^{−1/2} w·z_H + b_out;  without hidden layers f = w·x
 *
 * θ holds [W_1, b_1, W_2, b_2, …, w, b_out], matrices row by row; the biases only where there are
 * any. Everything here is loops over scalars: it is what the fast engines are compared with.
 */
export interface NetLayout {
  /** Input dimension d. */
  readonly inputs: number;
  /** Hidden layers H ≥ 0. */
  readonly layers: number;
  /** Hidden width m; not read when H = 0. */
  readonly width: number;
  readonly bias: boolean;
  /** Factor s_in on the input layer. */
  readonly inputScale: number;
}

/** The part of θ that belongs to one layer: a matrix (rows × columns), then its bias if any. */
interface LayerSlot {
  readonly rows: number;
  readonly columns: number;
  readonly weights: number;
  readonly biases: number | null;
  /** The factor in front of the matrix. */
  readonly scale: number;
}

export class ReferenceNet {
  /** P */
  readonly parameters: number;
  /** Where w and b_out begin in θ: they have a learning rate of their own. */
  readonly outputStart: number;
  /** Slots of W_1 … W_H and of w, which is a matrix of one row. */
  private readonly slots: readonly LayerSlot[];

  constructor(layout: NetLayout) {
    const { inputs, layers, width, bias, inputScale } = layout;
    const slots: LayerSlot[] = [];
    let offset = 0;
    for (let l = 0; l <= layers; l++) {
      const rows = l === layers ? 1 : width;
      const columns = l === 0 ? inputs : width;
      const weights = offset;
      offset += rows * columns;
      const biases = bias ? offset : null;
      if (bias) offset += rows;
      const scale = l > 0 ? 1 / Math.sqrt(width) : layers === 0 ? 1 : inputScale;
      slots.push({ rows, columns, weights, biases, scale });
    }
    this.slots = slots;
    this.outputStart = slots.at(-1)!.weights;
    this.parameters = offset;
  }

  /** f(x). theta: P; x: d */
  output(theta: Float64Array, x: Float64Array): number {
    return this.forward(theta, x).at(-1)![0]!;
  }

  /** Writes ∂f/∂θ at x by backpropagation. theta, gradient: P; x: d */
  gradient(theta: Float64Array, x: Float64Array, gradient: Float64Array): void {
    const z = this.forward(theta, x);
    let delta: Float64Array = new Float64Array([1]); // ∂f/∂(output of the slot)
    for (let l = this.slots.length - 1; l >= 0; l--) {
      const slot = this.slots[l]!;
      const { rows, columns, weights, biases, scale } = slot;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          gradient[weights + i * columns + j] = scale * delta[i]! * z[l]![j]!;
        }
        if (biases !== null) gradient[biases + i] = delta[i]!;
      }
      delta = backward(slot, theta, delta);
    }
  }

  /**
   * Writes (∂²f/∂θ²) v at x, the directional derivative of the gradient (Pearlman 1994), and
   * returns v·∂f/∂θ. theta, v, product: P; x: d
   */
  hessianProduct(
    theta: Float64Array,
    x: Float64Array,
    v: Float64Array,
    product: Float64Array,
  ): number {
    const z = this.forward(theta, x);
    const dz = this.forwardDerivative(theta, v, z);
    let delta: Float64Array = new Float64Array([1]);
    let dDelta: Float64Array = new Float64Array([0]);
    for (let l = this.slots.length - 1; l >= 0; l--) {
      const slot = this.slots[l]!;
      const { rows, columns, weights, biases, scale } = slot;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          product[weights + i * columns + j] =
            scale * (dDelta[i]! * z[l]![j]! + delta[i]! * dz[l]![j]!);
        }
        if (biases !== null) product[biases + i] = dDelta[i]!;
      }
      const alongWeights = backward(slot, theta, dDelta);
      const alongDirection = backward(slot, v, delta);
      dDelta = alongWeights.map((value, j) => value + alongDirection[j]!);
      delta = backward(slot, theta, delta);
    }
    return dz.at(-1)![0]!;
  }

  /** z_0 … z_H, f. */
  private forward(theta: Float64Array, x: Float64Array): readonly Float64Array[] {
    const z: Float64Array[] = [x];
    for (const { rows, columns, weights, biases, scale } of this.slots) {
      const input = z.at(-1)!;
      const output = new Float64Array(rows);
      for (let i = 0; i < rows; i++) {
        let sum = 0;
        for (let j = 0; j < columns; j++) sum += theta[weights + i * columns + j]! * input[j]!;
        output[i] = scale * sum + (biases === null ? 0 : theta[biases + i]!);
      }
      z.push(output);
    }
    return z;
  }

  /** d z_l / dt along θ + t v, for every l. */
  private forwardDerivative(
    theta: Float64Array,
    v: Float64Array,
    z: readonly Float64Array[],
  ): readonly Float64Array[] {
    const dz: Float64Array[] = [new Float64Array(z[0]!.length)];
    for (const [l, { rows, columns, weights, biases, scale }] of this.slots.entries()) {
      const output = new Float64Array(rows);
      for (let i = 0; i < rows; i++) {
        let sum = 0;
        for (let j = 0; j < columns; j++) {
          const at = weights + i * columns + j;
          sum += v[at]! * z[l]![j]! + theta[at]! * dz[l]![j]!;
        }
        output[i] = scale * sum + (biases === null ? 0 : v[biases + i]!);
      }
      dz.push(output);
    }
    return dz;
  }
}

/** scale · Wᵀ delta of one layer, with W taken from `theta`. delta: rows → columns */
function backward(slot: LayerSlot, theta: Float64Array, delta: Float64Array): Float64Array {
  const { rows, columns, weights, scale } = slot;
  const out = new Float64Array(columns);
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += theta[weights + i * columns + j]! * delta[i]!;
    out[j] = scale * sum;
  }
  return out;
}
