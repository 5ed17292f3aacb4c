import type { Tensor } from "../dense/tfjs.ts";
import { FLOAT32_RISE } from "../phase_tracker.ts";
import type { Parts, Recurrence } from "./recurrence.ts";

/** The steps of one chunk. */
export interface Chunk {
  /** States that are looked at; each is moved afterwards, the last one only if `moves_last`. */
  readonly steps: number;
  readonly moves_last: boolean;
  /** The first state was looked at in the chunk before and is only moved. */
  readonly is_noted: boolean;
  /** From this state of the chunk on, losses count for the mean of the last ones. */
  readonly tail: number;
}

/**
 * The runs of a batch on the device. A run whose state fails the test stands still from then on, so
 * that its loss repeats itself, which is neither a rise nor a new maximum.
 */
export class LaneTensors {
  private readonly recurrence: Recurrence;
  private readonly ones: Parts; // 1 × the length of each part
  private lanes: number;
  private states: Parts;
  private bound: Tensor; // B × 1, of the squared size
  private live: Tensor; // B × 1
  private rates: Parts | null = null;
  /** L at the last step, and L(0): B × 1 each. Before step 0 there is neither. */
  private losses: { last: Tensor; initial: Tensor } | null = null;

  constructor(recurrence: Recurrence, states: Float32Array, bounds: Float32Array) {
    const { tf, length, lengths } = recurrence;
    this.recurrence = recurrence;
    this.lanes = bounds.length;
    this.ones = lengths.map((each) => tf.ones([1, each]));
    this.states = tf.tidy(() =>
      tf.split(tf.tensor2d(states, [this.lanes, length]), [...lengths], 1),
    );
    this.bound = tf.tensor2d(bounds, [this.lanes, 1]);
    this.live = tf.ones([this.lanes, 1], "bool");
  }

  setRates(input: Float32Array, output: Float32Array): void {
    if (this.rates !== null) this.recurrence.tf.dispose([...this.rates]);
    this.rates = this.recurrence.rates(input, output);
  }

  /**
   * Makes the steps of a chunk. → B × 8: of each run the first and the last loss, the largest (−1:
   * all were NaN) and its place, the increases and the place of the last (from 1; 0: there was
   * none), how many states passed the test, and Σ (L − L(0)) from `tail` on.
   */
  async advance(chunk: Chunk): Promise<Float32Array> {
    const { tf } = this.recurrence;
    const losses: Tensor[] = [];
    const passes: Tensor[] = [];
    for (let step = 0; step < chunk.steps; step++) {
      const moves = step < chunk.steps - 1 || chunk.moves_last;
      const { loss, live, states } = tf.tidy(() => this.step(moves));
      losses.push(loss);
      passes.push(tf.cast(live, "float32"));
      tf.dispose(this.live);
      this.live = live;
      if (states === this.states) continue;
      tf.dispose([...this.states]);
      this.states = states;
    }
    if (chunk.is_noted) tf.dispose([losses.shift()!, passes.shift()!]);
    const { summary, last, initial } = tf.tidy(() => this.summarise(losses, passes, chunk));
    tf.dispose([...losses, ...passes]);
    if (this.losses !== null) tf.dispose([this.losses.last, this.losses.initial]);
    this.losses = { last, initial };
    const read = (await summary.data()) as Float32Array;
    summary.dispose();
    return read;
  }

  /** The states of some runs. → B' × N */
  async readStates(lanes: readonly number[]): Promise<Float32Array> {
    const { tf } = this.recurrence;
    const some = tf.tidy(() => {
      const all = tf.concat([...this.states], 1);
      return lanes.length === this.lanes ? all : this.gathered(all, lanes);
    });
    const read = (await some.data()) as Float32Array;
    some.dispose();
    return read;
  }

  /** Keeps some runs, all of which must still go on; learning rates have to be set again. */
  select(lanes: readonly number[]): void {
    const { tf } = this.recurrence;
    const narrowed = (tensor: Tensor) => {
      const some = this.gathered(tensor, lanes);
      tensor.dispose();
      return some;
    };
    this.lanes = lanes.length;
    this.states = this.states.map(narrowed);
    this.bound = narrowed(this.bound);
    if (this.losses !== null) {
      const { last, initial } = this.losses;
      this.losses = { last: narrowed(last), initial: narrowed(initial) };
    }
    this.live.dispose();
    this.live = tf.ones([this.lanes, 1], "bool");
  }

  dispose(): void {
    const { tf } = this.recurrence;
    tf.dispose([...this.ones, ...this.states, this.bound, this.live]);
    if (this.rates !== null) tf.dispose([...this.rates]);
    if (this.losses !== null) tf.dispose([this.losses.last, this.losses.initial]);
  }

  /** Tests the states and moves those that pass. */
  private step(moves: boolean): { loss: Tensor; live: Tensor; states: Tensor[] } {
    const { recurrence, states, bound, ones } = this;
    const { tf } = recurrence;
    const evaluation = recurrence.evaluate(states);
    const { loss, g, size } = evaluation;
    const finite = tf.isFinite(tf.add(loss, tf.sum(tf.abs(g), 1, true)));
    const isSound = tf.logicalAnd(finite, tf.lessEqual(size, bound));
    const live = tf.logicalAnd(isSound, this.live);
    if (!moves) return { loss, live, states: states as Tensor[] };
    const changes = recurrence.change(states, evaluation, this.rates!);
    const column = tf.cast(live, "float32");
    const moved = states.map((part, i) => {
      // A mask of the part's own shape: `where` would copy the column once for each entry.
      const mask = tf.cast(tf.matMul(column, ones[i]!), "bool");
      return tf.where(mask, tf.sub(part, changes[i]!), part);
    });
    return { loss, live, states: moved };
  }

  /** The bookkeeping of PhaseTracker for all steps of a chunk. losses, passes: B × 1 each */
  private summarise(
    losses: readonly Tensor[],
    passes: readonly Tensor[],
    { tail, is_noted }: Chunk,
  ): { summary: Tensor; last: Tensor; initial: Tensor } {
    const { tf } = this.recurrence;
    const first = losses[0]!;
    const last = tf.clone(losses.at(-1)!);
    const initial = this.losses === null ? tf.clone(first) : tf.clone(this.losses.initial);
    // Before step 0 nothing can rise.
    const before = this.losses === null ? first : this.losses.last;
    const L = this.beside(losses); // B × K
    const passed = this.beside(passes);
    const previous = this.beside([before, ...losses.slice(0, -1)]);
    const steps = losses.length;

    const counted = tf.where(tf.isNaN(L), tf.fill(L.shape, -1), L);
    const tolerance = tf.add(
      tf.mul(previous, FLOAT32_RISE.ofCurrent),
      tf.mul(initial, FLOAT32_RISE.ofInitial),
    );
    const rises = tf.greater(tf.sub(L, previous), tolerance);
    const increases = tf.cast(tf.logicalAnd(rises, tf.greater(passed, 0.5)), "float32");
    const numbers = tf.tensor2d(
      Float32Array.from({ length: steps }, (_, k) => k + 1),
      [1, steps],
    );
    const inTail = Math.max(0, tail - (is_noted ? 1 : 0));
    const excess =
      inTail >= steps
        ? tf.zerosLike(first)
        : tf.sum(tf.sub(tf.slice(L, [0, inTail], [-1, steps - inTail]), initial), 1, true);
    const summary = this.beside([
      first,
      last,
      tf.max(counted, 1, true),
      tf.cast(tf.argMax(counted, 1), "float32"),
      tf.sum(increases, 1, true),
      tf.max(tf.mul(increases, numbers), 1, true),
      tf.sum(passed, 1, true),
      excess,
    ]);
    return { summary, last, initial };
  }

  /** Columns of B numbers as a matrix: one after another and transposed, which is the fast way. */
  private beside(columns: readonly Tensor[]): Tensor {
    const { tf } = this.recurrence;
    const rows = columns.map((column) => tf.reshape(column, [1, -1]));
    return tf.transpose(tf.concat(rows, 0));
  }

  private gathered(tensor: Tensor, lanes: readonly number[]): Tensor {
    const { tf } = this.recurrence;
    return tf.tidy(() => tf.gather(tensor, tf.tensor1d([...lanes], "int32")));
  }
}
