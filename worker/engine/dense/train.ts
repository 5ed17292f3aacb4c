import { squaredNorm, type Weights } from "../draw_weights.ts";
import type { Lane } from "./lane.ts";
import { DenseNet, disposeEvaluation, type Evaluation } from "./net.ts";
import type { Problem } from "./problem.ts";
import type { Tensor } from "./tfjs.ts";

/** What happens to the lanes on the way. Nets and evaluations are valid during the call only. */
export interface Reports {
  /** These lanes, those of the net, stand before step 0. */
  started(lanes: readonly Lane[], net: DenseNet, evaluation: Evaluation): Promise<void>;
  /** These lanes stand at step min(T, diverged_at): what is to be reported can be measured. */
  reported(lanes: readonly Lane[], net: DenseNet, evaluation: Evaluation): Promise<void>;
  /** The loss of a run that stands before step t ≤ T and has not diverged earlier. */
  loss(lane: Lane, t: number, loss: number): void;
  /** These lanes stand at a step where they are to be measured. */
  measured(lanes: readonly Lane[], net: DenseNet, evaluation: Evaluation, t: number): Promise<void>;
}

export interface TrainOptions {
  /** Steps between two looks at the figures on the device. */
  readonly chunk_steps: number;
  /** Whether `reported` looks at the nets, so that they must be brought to the step that is asked. */
  readonly looks: boolean;
  /** Steps between calls of `measured`, or null. */
  readonly measure_every: number | null;
}

/**
 * Trains lanes until the phase of each is known. Figures stay on the device for a chunk of steps; a
 * chunk ends early where a lane must be looked at. Lanes that are finished leave then, and one that
 * diverged within a chunk is brought to that step once more from where the chunk began.
 * `lanes`: those of one seed are neighbours.
 */
export async function trainNets(
  problem: Problem,
  lanes: readonly Lane[],
  options: TrainOptions,
  reports: Reports,
): Promise<void> {
  const net = DenseNet.create(problem, startsOf(problem, lanes));
  const rates = new Rates(problem);
  let active = [...lanes];
  let evaluation = net.evaluate();
  let figures: Tensor[] = [];
  let first = 0;
  let before = options.looks ? net.copy() : null;
  if (options.looks) await reports.started(active, net, evaluation);
  for (let t = 0; ; t++) {
    const [eta, etaOutput] = rates.at(active, t);
    figures.push(net.figures(evaluation, eta, etaOutput));
    if (figures.length >= options.chunk_steps || active.some((lane) => isLookedAt(lane, t))) {
      const read = await readAll(figures);
      const done = observe(read);
      if (before !== null) {
        await reportDiverged(before, t);
        const due = active.filter(({ schedule, tracker }) => t === dueAt(schedule.steps, tracker));
        await look(due, (some, at) => reports.reported(some, at.net, at.evaluation));
        if (options.measure_every !== null && t % options.measure_every === 0) {
          const measured = active.filter(
            ({ schedule, tracker: { divergedAt } }) =>
              t <= schedule.steps && (divergedAt < 0 || t <= divergedAt),
          );
          await look(measured, (some, at) => reports.measured(some, at.net, at.evaluation, t));
        }
      }
      const kept = [...active.keys()].filter((i) => !done.has(active[i]!));
      if (kept.length === 0) break;
      if (kept.length < active.length) {
        active = kept.map((i) => active[i]!);
        net.select(kept);
        disposeEvaluation(net, evaluation);
        evaluation = net.evaluate();
      }
      figures = [];
      first = t + 1;
      before?.dispose();
      before = null;
    }
    net.move(evaluation, ...rates.at(active, t));
    disposeEvaluation(net, evaluation);
    if (options.looks && before === null) before = net.copy();
    evaluation = net.evaluate();
  }
  before?.dispose();
  disposeEvaluation(net, evaluation);
  net.dispose();
  rates.dispose();

  function isLookedAt({ schedule, tracker }: Lane, t: number): boolean {
    if (t === schedule.steps || t === tracker.horizonSteps) return true;
    return options.measure_every !== null && t <= schedule.steps && t % options.measure_every === 0;
  }

  /** Where a lane is reported from the net as it stands: at T, or where it diverged before. */
  function dueAt(steps: number, { divergedAt }: Lane["tracker"]): number {
    return divergedAt < 0 ? steps : Math.min(steps, divergedAt);
  }

  async function readAll(tensors: readonly Tensor[]): Promise<Float32Array> {
    const stacked = problem.tf.stack([...tensors]); // steps × B × 3
    const read = (await stacked.data()) as Float32Array;
    problem.tf.dispose([stacked, ...tensors]);
    return read;
  }

  /** Hands the figures of a chunk to the lanes. Returns those that are finished. */
  function observe(read: Float32Array): Set<Lane> {
    const done = new Set<Lane>();
    const steps = read.length / (3 * active.length);
    for (const [i, lane] of active.entries()) {
      for (let step = 0; step < steps; step++) {
        const at = 3 * (step * active.length + i);
        const t = first + step;
        if (t <= lane.schedule.steps) reports.loss(lane, t, read[at]!);
        if (lane.observe(t, read[at]!, read[at + 1]!, read[at + 2]!)) continue;
        done.add(lane);
        break;
      }
    }
    return done;
  }

  /** Calls `act` with some of the active lanes and a net of just them. */
  async function look(
    some: readonly Lane[],
    act: (lanes: readonly Lane[], at: { net: DenseNet; evaluation: Evaluation }) => Promise<void>,
  ): Promise<void> {
    if (some.length === 0) return;
    if (some.length === active.length) return act(some, { net, evaluation });
    const copy = net.copy();
    copy.select(some.map((lane) => active.indexOf(lane)));
    const evaluated = copy.evaluate();
    await act(some, { net: copy, evaluation: evaluated });
    disposeEvaluation(copy, evaluated);
    copy.dispose();
  }

  /** Repeats the steps of the chunk for lanes that diverged in it before t, and reports them. */
  async function reportDiverged(start: DenseNet, t: number): Promise<void> {
    const early = ({ tracker: { divergedAt }, schedule }: Lane) =>
      divergedAt >= first && divergedAt < t && divergedAt <= schedule.steps;
    let some = active.filter(early);
    if (some.length === 0) return;
    const copy = start.copy();
    copy.select(some.map((lane) => active.indexOf(lane)));
    const ofSome = new Rates(problem);
    for (let s = first; some.length > 0; s++) {
      const evaluated = copy.evaluate();
      const here = some.filter(({ tracker }) => tracker.divergedAt === s);
      if (here.length > 0) {
        const those = copy.copy();
        those.select(here.map((lane) => some.indexOf(lane)));
        const again = those.evaluate();
        await reports.reported(here, those, again);
        disposeEvaluation(those, again);
        those.dispose();
      }
      copy.move(evaluated, ...ofSome.at(some, s));
      disposeEvaluation(copy, evaluated);
      const kept = [...some.keys()].filter((i) => some[i]!.tracker.divergedAt > s);
      if (kept.length < some.length && kept.length > 0) copy.select(kept);
      some = kept.map((i) => some[i]!);
    }
    ofSome.dispose();
    copy.dispose();
  }
}

/** The initial weights of every seed, and how many lanes start from them. */
function startsOf(
  problem: Problem,
  lanes: readonly Lane[],
): { readonly weights: Weights; lanes: number }[] {
  const starts: { readonly weights: Weights; readonly size: number; lanes: number }[] = [];
  for (const [i, lane] of lanes.entries()) {
    if (i === 0 || lane.seed !== lanes[i - 1]!.seed) {
      const weights = problem.draw(lane.seed);
      starts.push({ weights, size: squaredNorm(weights), lanes: 0 });
    }
    const start = starts.at(-1)!;
    start.lanes++;
    lane.begin(start.size);
  }
  return starts;
}

/** The learning rates of lanes as tensors, made anew only where they change. */
class Rates {
  private readonly problem: Problem;
  private lanes: readonly Lane[] = [];
  private step = -1;
  private tensors: [Tensor, Tensor] | null = null;

  constructor(problem: Problem) {
    this.problem = problem;
  }

  /** η of the hidden layers and of the output layer at steps t that follow each other. B × 1 each */
  at(lanes: readonly Lane[], t: number): [Tensor, Tensor] {
    const drops = t !== this.step && lanes.some(({ schedule }) => schedule.drop_at === t);
    this.step = t;
    if (this.tensors === null || lanes !== this.lanes || drops) {
      this.dispose();
      const { tf } = this.problem;
      const rates = lanes.map((lane) => lane.ratesAt(t));
      const column = (which: 0 | 1) =>
        tf.tensor2d(
          rates.map((pair) => pair[which]),
          [lanes.length, 1],
        );
      this.tensors = [column(0), column(1)];
      this.lanes = lanes;
    }
    return this.tensors;
  }

  dispose(): void {
    if (this.tensors !== null) this.problem.tf.dispose(this.tensors);
    this.tensors = null;
  }
}
