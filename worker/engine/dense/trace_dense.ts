import { PHASES } from "../../../shared/phases.ts";
import type { Shape } from "../../../shared/shape_group.ts";
import { squaredNorm, type Weights } from "../draw_weights.ts";
import type { Trace } from "../gram.ts";
import type { ReferenceRequest } from "../reference.ts";
import type { NetLayout } from "../reference_net.ts";
import { topHessian, topNtk } from "./curvature.ts";
import { Lane } from "./lane.ts";
import { DenseNet, disposeEvaluation } from "./net.ts";
import { createProblem } from "./problem.ts";
import type { Tfjs } from "./tfjs.ts";

/** The state before a step, in float32. */
interface DenseSnapshot {
  readonly step: number;
  readonly loss: number;
  readonly ntk: number;
  readonly hessian: number;
  /** w: d numbers of a linear predictor, else m. */
  readonly output: readonly number[];
}

export interface DenseTrace extends Omit<Trace, "snapshots"> {
  readonly snapshots: readonly DenseSnapshot[];
}

/**
 * Trains one network from given weights step by step, as the dense engine trains a batch of one, and
 * keeps what a batch throws away. `parameters`: θ as reference_net.ts lays it out.
 */
export async function traceDense(tf: Tfjs, request: ReferenceRequest): Promise<DenseTrace> {
  const { layout, steps, learning_rate } = request;
  const problem = createProblem(tf, shapeOf(request), { reduces: false });
  const weights = weightsOf(layout, request.parameters);
  const net = DenseNet.create(problem, [{ weights, lanes: 1 }]);
  const eta = tf.tensor2d([learning_rate], [1, 1]);
  const lane = new Lane(shapeOf(request), 0, 0, learning_rate);
  lane.begin(squaredNorm(weights));
  const wanted = new Set(request.snapshot_steps);
  const losses: number[] = [];
  const snapshots: DenseSnapshot[] = [];
  for (let t = 0; ; t++) {
    const evaluation = net.evaluate();
    const figures = net.figures(evaluation, eta, eta);
    const [loss, squaredGradient, change] = await figures.data();
    figures.dispose();
    const goesOn = lane.observe(t, loss!, squaredGradient!, change!);
    if (t <= steps) {
      losses.push(loss!);
      if (wanted.has(t)) {
        const [ntk] = await topNtk(net, evaluation);
        const [hessian] = await topHessian(net, evaluation);
        const output = Array.from(await net.output.data());
        snapshots.push({ step: t, loss: loss!, ntk: ntk!, hessian: hessian!, output });
      }
    }
    if (goesOn) net.move(evaluation, eta, eta);
    disposeEvaluation(net, evaluation);
    if (!goesOn) break;
  }
  net.dispose();
  problem.dispose();
  eta.dispose();
  const { phase, horizonSteps, divergedAt, increases, lastIncreaseStep } = lane.tracker;
  return {
    losses,
    snapshots,
    phase: PHASES[phase]!,
    horizon_steps: horizonSteps,
    diverged_at: divergedAt < 0 ? null : divergedAt,
    increases,
    last_increase_step: lastIncreaseStep < 0 ? null : lastIncreaseStep,
  };
}

/** What a shape would say of the request; its weights are given, so variances do not matter. */
function shapeOf({ dataset, layout, loss, steps }: ReferenceRequest): Shape {
  return {
    dataset,
    hidden_layers: layout.layers,
    width: layout.layers === 0 ? null : layout.width,
    weight_variance: 1,
    ...(layout.bias ? { bias_variance: 1 } : {}),
    input_scale: layout.inputScale,
    initial_weights: null,
    loss,
    output_learning_rate: { ratio: 1 },
    steps,
    drop: null,
    measure: [],
    trajectory_every: null,
  };
}

/** Cuts θ = [W_1, b_1, …, w, b_out] into its parts. */
function weightsOf({ inputs, layers, width, bias }: NetLayout, theta: Float64Array): Weights {
  let at = 0;
  const take = (length: number) => {
    at += length;
    return theta.slice(at - length, at);
  };
  const W: Float64Array[] = [];
  const b: Float64Array[] = [];
  for (let l = 0; l < layers; l++) {
    W.push(take(width * (l === 0 ? inputs : width)));
    if (bias) b.push(take(width));
  }
  const w = take(layers === 0 ? inputs : width);
  return { W, w, biases: bias ? { b, b_out: take(1)[0]! } : null };
}
