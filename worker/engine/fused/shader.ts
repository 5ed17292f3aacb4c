import type { Loss } from "../../../shared/losses.ts";
import { SIZE_BOUND } from "../phase_tracker.ts";

/** What one compiled shader is made for; everything else comes in its buffers. */
export interface ShaderKind {
  readonly loss: Loss;
  readonly rank: number;
  /** Whether the model has a hidden layer; its state is then [U, ρ, σ, s], else [w]. */
  readonly hidden: boolean;
}

export const WORKGROUP_LANES = 64;

/** Above the rounding of a loss in float32 (numerics section 3). */
const RISE_OF_CURRENT = 2e-6;
const RISE_OF_INITIAL = 1e-12;

/** Columns of a lane before its state, 32 bits each; lane i's column c is at c · lanes + i. */
export const LANE_WORDS = {
  eta_input: 0,
  eta_output: 1,
  loss_initial: 2,
  size_bound: 3,
  /** L at the last step that was watched. */
  loss: 4,
  loss_max: 5,
  /** Integers from here on to diverged_at. */
  loss_max_step: 6,
  increases: 7,
  last_increase_step: 8,
  diverged_at: 9,
  /** Σ (L − L(0)) over the steps from `tail` on. */
  excess: 10,
} as const;

export const STATE_WORD = 11;

/** Numbers of the state of one run. */
export function stateWords({ rank, hidden }: ShaderKind): number {
  return hidden ? rank * rank + 2 * rank + 1 : rank;
}

/** −1 as an unsigned word: it has not happened. */
export const NEVER = 0xffffffff;

/** Below every finite loss: what loss_max begins with, as WGSL has no literal for −∞. */
export const LOWEST = -3.4028234663852886e38;

/**
 * WGSL in which one invocation trains one run for many steps, by the width-free recurrence
 * (worker/engine/gram_kernel.ts has the equations):
 *
 *     U' = U − (η_W/m) ρ gᵀ    ρ' = ρ − η_v U g    σ' = σ − η_W s g    s' = s − (η_v/m) σ·g
 *
 * and without a hidden layer w' = w − η_W g. The state stays in registers: each entry is a variable
 * of its own. At step t the state is tested, noted and then moved, as PhaseTracker does it. What is
 * not finite is seen by its bits, because a shader compiler may assume that nothing overflows.
 */
export function shaderText(kind: ShaderKind): string {
  const state = stateNames(kind);
  return `
struct Params {
  lanes: u32, going: u32, first_step: u32, end_step: u32,
  tail: u32, drop_at: u32, watch_first: u32, watch_end: u32,
  directions: u32, drop_factor: f32, drop_to: f32, inverse_width: f32,
  inverse_samples: f32, reset_excess: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> data: array<f32>;
@group(0) @binding(2) var<storage, read> lanes_going: array<u32>;
@group(0) @binding(3) var<storage, read_write> words: array<u32>;

fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

// log(1 + t) for 0 ≤ t ≤ 1: 2 artanh(s) with s = t/(2 + t) ≤ 1/3, without the digits that 1 + t loses.
fn log1p_unit(t: f32) -> f32 {
  let s = t / (2.0 + t);
  let q = s * s;
  return 2.0 * s * (1.0 + q * (0.33333333 + q * (0.2 + q * (0.14285714 + q * (0.11111111
    + q * (0.09090909 + q * (0.07692308 + q * 0.06666667)))))));
}

@compute @workgroup_size(${WORKGROUP_LANES})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let place = id.x + id.y * groups.x * ${WORKGROUP_LANES}u;
  if (place >= params.going) { return; }
  let lane = lanes_going[place];
  let stride = params.lanes;
  var eta_input = bitcast<f32>(words[lane]);
  var eta_output = bitcast<f32>(words[stride + lane]);
  var loss_initial = bitcast<f32>(words[2u * stride + lane]);
  var size_bound = bitcast<f32>(words[3u * stride + lane]);
  var previous = bitcast<f32>(words[4u * stride + lane]);
  var loss_max = bitcast<f32>(words[5u * stride + lane]);
  var loss_max_step = words[6u * stride + lane];
  var increases = words[7u * stride + lane];
  var last_increase = words[8u * stride + lane];
  var diverged_at = words[9u * stride + lane];
  if (diverged_at != ${NEVER}u) { return; }
  var excess = select(bitcast<f32>(words[10u * stride + lane]), 0.0, params.reset_excess == 1u);
${state.map((name, i) => `  var ${name} = bitcast<f32>(words[${STATE_WORD + i}u * stride + lane]);`).join("\n")}

  var t = params.first_step;
  loop {
${lossAndGradient(kind)}
    let watched = select(t != params.first_step || params.watch_first == 1u,
                         params.watch_end == 1u, t == params.end_step);
    if (watched) {
      let size = ${squaredSize(kind)};
      if (t == 0u) {
        loss_initial = loss;
        size_bound = ${wgslNumber(SIZE_BOUND)} * (1.0 + size);
        previous = loss;
      }
      if (!is_nan(loss) && loss > loss_max) { loss_max = loss; loss_max_step = t; }
      let rise = loss - previous;
      let rises = t > 0u && rise > ${wgslNumber(RISE_OF_CURRENT)} * previous + ${wgslNumber(RISE_OF_INITIAL)} * loss_initial;
      previous = loss;
      if (!(is_finite(loss) && is_finite(size) && ${gradientIsFinite(kind)} && size <= size_bound)) {
        diverged_at = t;
        break;
      }
      if (rises) { increases++; last_increase = t; }
      if (t >= params.tail) { excess += loss - loss_initial; }
    }
    if (t == params.end_step) { break; }
    if (t == params.drop_at) {
      eta_input = select(eta_input * params.drop_factor, params.drop_to, params.drop_to > 0.0);
      eta_output = select(eta_output * params.drop_factor, params.drop_to, params.drop_to > 0.0);
    }
${move(kind)}
    t++;
  }

  words[lane] = bitcast<u32>(eta_input);
  words[stride + lane] = bitcast<u32>(eta_output);
  words[2u * stride + lane] = bitcast<u32>(loss_initial);
  words[3u * stride + lane] = bitcast<u32>(size_bound);
  words[4u * stride + lane] = bitcast<u32>(previous);
  words[5u * stride + lane] = bitcast<u32>(loss_max);
  words[6u * stride + lane] = loss_max_step;
  words[7u * stride + lane] = increases;
  words[8u * stride + lane] = last_increase;
  words[9u * stride + lane] = diverged_at;
  words[10u * stride + lane] = bitcast<u32>(excess);
${state.map((name, i) => `  words[${STATE_WORD + i}u * stride + lane] = bitcast<u32>(${name});`).join("\n")}
}
`;
}

/** The entries of the state in the order of initial_state.ts: U row by row, ρ, σ, s; or w. */
function stateNames({ rank, hidden }: ShaderKind): string[] {
  const each = indices(rank);
  if (!hidden) return each.map((j) => `w${j}`);
  return [
    ...each.flatMap((i) => each.map((j) => `u${i}_${j}`)),
    ...each.map((j) => `rho${j}`),
    ...each.map((j) => `sigma${j}`),
    "s",
  ];
}

/**
 * L and g = ∂L/∂β at β = Uᵀρ + sσ (or w). The data are directions z, each with the number of
 * samples with y x = +z and with y x = −z: r + 2 numbers each.
 */
function lossAndGradient({ loss, rank, hidden }: ShaderKind): string {
  const each = indices(rank);
  const beta = each.map((j) => {
    if (!hidden) return `    let beta${j} = w${j};`;
    const sum = each.map((k) => `u${k}_${j} * rho${k}`).join(" + ");
    return `    let beta${j} = ${sum} + s * sigma${j};`;
  });
  return `${beta.join("\n")}
    var total = 0.0;
${each.map((j) => `    var g${j} = 0.0;`).join("\n")}
    for (var i = 0u; i < params.directions; i++) {
      let at = i * ${rank + 2}u;
${each.map((j) => `      let z${j} = data[at + ${j}u];`).join("\n")}
      let as_is = data[at + ${rank}u];
      let negated = data[at + ${rank + 1}u];
      let u = ${each.map((j) => `z${j} * beta${j}`).join(" + ")};
${SLOPES[loss]}
${each.map((j) => `      g${j} += slope * z${j};`).join("\n")}
    }
    let loss = total * params.inverse_samples;
${each.map((j) => `    g${j} *= params.inverse_samples;`).join("\n")}`;
}

/** With u = z·β: adds ℓ of the direction's samples to `total`, and has `slope` = Σ ∂ℓ/∂u. */
const SLOPES: Readonly<Record<Loss, string>> = {
  exponential: `      var slope = 0.0;
      if (as_is > 0.0) { let fall = as_is * exp(-u); total += fall; slope -= fall; }
      if (negated > 0.0) { let rise = negated * exp(u); total += rise; slope += rise; }`,
  logistic: `      let e = exp(-abs(u));
      let wrong = 1.0 / (1.0 + e);
      let right = e * wrong;
      let below = u < 0.0;
      total += (as_is + negated) * log1p_unit(e) + abs(u) * select(negated, as_is, below);
      let slope = negated * select(wrong, right, below) - as_is * select(right, wrong, below);`,
  squared: `      let short = u - 1.0;
      let long = u + 1.0;
      total += 0.5 * (as_is * short * short + negated * long * long);
      let slope = as_is * short + negated * long;`,
};

/** tr S + q = |U|² + s² + (|σ|² + |ρ|²)/m; |w|² of a predictor. */
function squaredSize(kind: ShaderKind): string {
  const each = indices(kind.rank);
  const squares = (names: string[]) => names.map((name) => `${name} * ${name}`).join(" + ");
  if (!kind.hidden) return squares(stateNames(kind));
  const inner = squares(each.flatMap((j) => [`sigma${j}`, `rho${j}`]));
  const rows = each.flatMap((i) => each.map((j) => `u${i}_${j}`));
  return `${squares(rows)} + s * s + params.inverse_width * (${inner})`;
}

function gradientIsFinite({ rank }: ShaderKind): string {
  return indices(rank)
    .map((j) => `is_finite(g${j})`)
    .join(" && ");
}

function move({ rank, hidden }: ShaderKind): string {
  const each = indices(rank);
  if (!hidden) return each.map((j) => `    w${j} -= eta_input * g${j};`).join("\n");
  const lines = [
    "    let eta_u = eta_input * params.inverse_width;",
    `    let sigma_g = ${each.map((j) => `sigma${j} * g${j}`).join(" + ")};`,
    ...each.map((i) => `    let ug${i} = ${each.map((j) => `u${i}_${j} * g${j}`).join(" + ")};`),
    ...each.flatMap((i) => each.map((j) => `    u${i}_${j} -= eta_u * rho${i} * g${j};`)),
    ...each.map((i) => `    rho${i} -= eta_output * ug${i};`),
    ...each.map((j) => `    sigma${j} -= eta_input * s * g${j};`),
    "    s -= eta_output * params.inverse_width * sigma_g;",
  ];
  return lines.join("\n");
}

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** A literal of type f32. */
function wgslNumber(value: number): string {
  return value.toExponential();
}
