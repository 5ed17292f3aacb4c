import { largestEigenvalues } from "./lanczos_lanes.ts";
import type { DenseNet, Evaluation } from "./net.ts";
import type { Tensor } from "./tfjs.ts";

/**
 * Largest eigenvalue of the NTK of every lane, Θ_ab = (1/n) ∂f_a/∂θ · ∂f_b/∂θ (eq 6 generalised to H
 * layers). With p = Xᵀv, σ = Σ v and ζ_l = Σ_i v_i z_l(x_i), which follow from p and σ as a_l from g and r,
 *
 *     n Θv = X (s_in W_1ᵀ h_1 + s_in² |u_1|² p) + Σ h_l·b_l + [biases] σ (1 + Σ |u_l|²)
 *     h_H = κ² ζ_H,  h_l = κ² |u_{l+1}|² ζ_l + κ W_{l+1}ᵀ h_{l+1}
 */
export function topNtk(net: DenseNet, { u, r }: Evaluation): Promise<Float64Array> {
  const { problem, matrices, biases, outputBias } = net;
  const { tf, layers, scale, inputScale, X, transposedX, weights, samples } = problem;
  const mask = tf.tidy(() => tf.mul(weights, samples));
  const squared = (v: Tensor) => tf.sum(tf.square(v), 1, true);
  const multiply = (v: Tensor) => {
    const p = tf.matMul(v, X); // B × d
    const total = tf.sum(v, 1, true); // B × 1
    const zeta: Tensor[] = [];
    for (let l = 0; l < layers; l++) {
      const along = matrices[l]!.times(l === 0 ? p : zeta[l - 1]!);
      const scaled = tf.mul(along, l === 0 ? inputScale : scale);
      zeta.push(biases.length === 0 ? scaled : tf.add(scaled, tf.mul(total, biases[l]!)));
    }
    let slope = p;
    let constant: Tensor | null = outputBias === null ? null : total;
    let h: Tensor | null = null;
    for (let l = layers - 1; l >= 0; l--) {
      const factor: Tensor =
        l === layers - 1 ? tf.scalar(scale ** 2) : tf.mul(squared(u[l + 1]!), scale ** 2);
      const own = tf.mul(zeta[l]!, factor);
      h = h === null ? own : tf.add(own, tf.mul(matrices[l + 1]!.timesTransposed(h), scale));
      if (constant !== null) {
        const ofBias = tf.mul(total, squared(u[l]!));
        constant = tf.add(tf.add(constant, ofBias), tf.sum(tf.mul(h, biases[l]!), 1, true));
      }
    }
    if (h !== null) {
      const direct = tf.mul(tf.mul(p, squared(u[0]!)), inputScale ** 2);
      slope = tf.add(tf.mul(matrices[0]!.timesTransposed(h), inputScale), direct);
    }
    const f = tf.matMul(slope, transposedX);
    return tf.mul(constant === null ? f : tf.add(f, constant), weights);
  };
  return largestEigenvalues(tf, r.shape[0]!, mask, multiply).finally(() => mask.dispose());
}

/**
 * Largest eigenvalue of the Hessian of L of every lane. Whatever it multiplies, the part of the product
 * that belongs to a matrix is p hᵀ + u qᵀ, h = g for W_1 and a_{l−1} for W_l: all eigenvectors with an
 * eigenvalue other than 0 lie there. So vectors hold, for each matrix, p and q in the orthonormal form
 * p ĥᵀ + û qᵀ with q ⊥ ĥ, then w, the b_l and b_out, and products with V are (δ: derivative along V)
 *
 *     δu_H = κ V_w,  δu_l = κ (V_{l+1}ᵀ u_{l+1} + W_{l+1}ᵀ δu_{l+1}),  δβ = s_in (V_1ᵀ u_1 + W_1ᵀ δu_1)
 *     δc = V_out + Σ (δu_l·b_l + u_l·V_bl),  δρ = (1/n) ℓ'' (X δβ + δc),  δg = Xᵀδρ,  δr = Σ δρ
 *     δa_1 = s_in (V_1 g + W_1 δg) + δr b_1 + r V_b1,  and so on up to δa_H
 *     (HV)_1 = s_in (δu_1 gᵀ + u_1 δgᵀ),  (HV)_{l+1} = κ (δu_{l+1} a_lᵀ + u_{l+1} δa_lᵀ)
 *     (HV)_w = κ δa_H,  (HV)_bl = δr u_l + r δu_l,  (HV)_out = δr
 */
export async function topHessian(net: DenseNet, evaluation: Evaluation): Promise<Float64Array> {
  const { problem, matrices, biases, outputBias } = net;
  const { tf, layers, scale, inputScale, X, transposedX, y, weights, loss } = problem;
  const { u, f, g, r, a } = evaluation;
  const lanes = r.shape[0]!;
  const lengths = matrices.flatMap((_, l) => [u[l]!.shape[1]!, inputOf(l).shape[1]!]);
  lengths.push(net.output.shape[1]!, ...biases.map((bias) => bias.shape[1]!));
  if (outputBias !== null) lengths.push(1);

  /** What W_{l+1} is applied to: g or a_l. */
  function inputOf(l: number): Tensor {
    return l === 0 ? g : a[l - 1]!;
  }
  const factor = (l: number) => (l === 0 ? inputScale : scale);
  const dot = (v: Tensor, w: Tensor) => tf.sum(tf.mul(v, w), 1, true);
  const length = (v: Tensor) => tf.sqrt(dot(v, v));
  const unit = (v: Tensor) => tf.div(v, tf.maximum(length(v), 1e-37));

  const fixed = tf.tidy(() => ({
    h: matrices.map((_, l) => length(inputOf(l))), // B × 1 each
    unitH: matrices.map((_, l) => unit(inputOf(l))),
    lengthU: u.map(length),
    unitU: u.map(unit),
    curvature: tf.mul(loss.curvature(y, f), weights), // B × n'
    mask: tf.ones([1, lengths.reduce((sum, part) => sum + part, 0)]),
  }));

  const multiply = (vector: Tensor) => {
    const parts = tf.split(vector, lengths, 1);
    const block = (l: number) => {
      const q = parts[2 * l + 1]!;
      const alongH = tf.mul(dot(q, fixed.unitH[l]!), fixed.unitH[l]!);
      return { p: parts[2 * l]!, q: tf.sub(q, alongH) };
    };
    const blocks = matrices.map((_, l) => block(l));
    const ofW = parts[2 * layers]!;
    const ofBias = biases.map((_, l) => parts[2 * layers + 1 + l]!);
    const transposedOnU = (l: number) => {
      const { p, q } = blocks[l]!;
      return tf.add(tf.mul(fixed.unitH[l]!, dot(p, u[l]!)), tf.mul(q, fixed.lengthU[l]!));
    };

    const du: Tensor[] = new Array(layers);
    for (let l = layers - 1; l >= 0; l--) {
      const above =
        l === layers - 1
          ? ofW
          : tf.add(transposedOnU(l + 1), matrices[l + 1]!.timesTransposed(du[l + 1]!));
      du[l] = tf.mul(above, scale);
    }
    const dBeta =
      layers === 0
        ? ofW
        : tf.mul(tf.add(transposedOnU(0), matrices[0]!.timesTransposed(du[0]!)), inputScale);
    let df = tf.matMul(dBeta, transposedX);
    if (outputBias !== null) {
      let dc: Tensor = parts.at(-1)!;
      for (const [l, bias] of biases.entries()) {
        dc = tf.add(dc, tf.add(dot(du[l]!, bias), dot(u[l]!, ofBias[l]!)));
      }
      df = tf.add(df, dc);
    }
    const dRho = tf.mul(fixed.curvature, df);
    const dg = tf.matMul(dRho, X);
    const dr = tf.sum(dRho, 1, true);
    const da: Tensor[] = [];
    const dInput = (l: number) => (l === 0 ? dg : da[l - 1]!);
    const out: Tensor[] = [];
    for (let l = 0; l < layers; l++) {
      const onInput = tf.mul(blocks[l]!.p, fixed.h[l]!); // V h, as q ⊥ ĥ
      let sum = tf.mul(tf.add(onInput, matrices[l]!.times(dInput(l))), factor(l));
      if (biases.length > 0) {
        sum = tf.add(sum, tf.add(tf.mul(dr, biases[l]!), tf.mul(r, ofBias[l]!)));
      }
      da.push(sum);
      const along = dot(dInput(l), fixed.unitH[l]!);
      const p = tf.add(tf.mul(du[l]!, fixed.h[l]!), tf.mul(u[l]!, along));
      const q = tf.mul(tf.sub(dInput(l), tf.mul(fixed.unitH[l]!, along)), fixed.lengthU[l]!);
      out.push(tf.mul(p, factor(l)), tf.mul(q, factor(l)));
    }
    out.push(tf.mul(layers === 0 ? dg : da[layers - 1]!, scale));
    for (const [l] of biases.entries()) out.push(tf.add(tf.mul(dr, u[l]!), tf.mul(r, du[l]!)));
    if (outputBias !== null) out.push(dr);
    return tf.concat(out, 1);
  };
  try {
    return await largestEigenvalues(tf, lanes, fixed.mask, multiply);
  } finally {
    tf.dispose(fixed);
  }
}
