import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Loss } from "../../shared/losses.ts";
import { packageRoot } from "../../shared/package_info.ts";
import { FLOAT64_RISE, SIZE_BOUND } from "./phase_tracker.ts";

/** Columns of a lane before its state; worker/kernels/lanes.ts has the same list. */
export const LANE_COLUMNS = {
  eta_input: 0,
  eta_output: 1,
  loss_initial: 2,
  size_bound: 3,
  /** L at the last step that was watched. */
  loss: 4,
  loss_max: 5,
  loss_max_step: 6,
  increases: 7,
  last_increase_step: 8,
  diverged_at: 9,
  /** Σ (L − L(0)) over the steps from `tail` on. */
  excess: 10,
} as const;

const STATE = 11;
/** Lanes to a block: a block holds its columns one after another, so many numbers each. */
const BLOCK_LANES = 4;

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  configure(
    lanes: number,
    rank: number,
    singles: number,
    repeated: number,
    samples: number,
    stateColumns: number,
    inverseWidth: number,
    riseOfCurrent: number,
    riseOfInitial: number,
    sizeBound: number,
  ): number;
  dataStart(): number;
  exp(x: number): number;
  log1p(x: number): number;
}

/** One specialised loop of the kernel: (lanes, from, to, tail, watchFirst, moveLast). */
type Steps = (n: number, from: number, to: number, tail: number, watch: 0 | 1, move: 0 | 1) => void;

/** Built from worker/kernels/ by `npm run build`. */
const KERNEL_FILE = join(packageRoot, "dist", "worker", "kernels", "gram.wasm");

let compiled: WebAssembly.Module | undefined;

/** Instances that no kernel uses at present; their memory is laid out anew by the next one. */
const spares: KernelExports[] = [];

function instantiate(): KernelExports {
  compiled ??= new WebAssembly.Module(readFileSync(KERNEL_FILE));
  const abort = () => {
    throw new Error("the gram kernel aborted");
  };
  return new WebAssembly.Instance(compiled, { env: { abort } }).exports as unknown as KernelExports;
}

/** What the lanes of a kernel have in common. */
export interface KernelProblem {
  /** Rows y_i z_i of the data in coordinates of its span, row-major: n × r. */
  readonly signedData: Float64Array;
  readonly rank: number;
  readonly loss: Loss;
  /** Whether the model has a hidden layer; its state is then [U, ρ, σ, s], else [w]. */
  readonly hidden: boolean;
  /** 1/m; 0 is the infinite-width limit. */
  readonly inverse_width: number;
}

/**
 * Many runs of one problem in WebAssembly memory, one lane each, stepped together. With a hidden
 * layer a step is (η_W, η_v the learning rates of W1 and w2, g = ∂L/∂β)
 *
 *     U' = U − (η_W/m) ρ gᵀ    ρ' = ρ − η_v U g    σ' = σ − η_W s g    s' = s − (η_v/m) σ·g
 *
 * and without one w' = w − η_W g. WebAssembly's arithmetic is exactly specified, so a lane has the
 * same bits on every machine and in every place.
 */
export class GramKernel {
  readonly lanes: number;
  private readonly stateColumns: number;
  private readonly exports = spares.pop() ?? instantiate();
  private readonly steps: Steps;
  private readonly numbers: Float64Array;
  private readonly first: number;
  private readonly columns: number;

  /** Room for at least `lanes` lanes; each must be set before it is stepped. */
  constructor(problem: KernelProblem, lanes: number, stateColumns: number) {
    const { signedData, rank, loss, hidden, inverse_width } = problem;
    this.lanes = Math.ceil(lanes / BLOCK_LANES) * BLOCK_LANES;
    this.stateColumns = stateColumns;
    const { singles, repeated } = gatherDirections(signedData, rank);
    const start = this.exports.configure(
      this.lanes,
      rank,
      singles.length / rank,
      repeated.length / (rank + 2),
      signedData.length / rank,
      stateColumns,
      inverse_width,
      FLOAT64_RISE.ofCurrent,
      FLOAT64_RISE.ofInitial,
      SIZE_BOUND,
    );
    const name = `${loss}${hidden ? "Net" : "Predictor"}${rank <= 2 ? rank : "N"}`;
    this.steps = (this.exports as unknown as Record<string, Steps>)[name]!;
    this.numbers = new Float64Array(this.exports.memory.buffer);
    this.numbers.set([...singles, ...repeated], this.exports.dataStart() / 8);
    this.first = start / 8;
    this.columns = STATE + stateColumns;
  }

  /** Gives the memory back for another kernel; this one must not be used any more. */
  release(): void {
    spares.push(this.exports);
  }

  /** Starts a lane over: learning rates of both layers, and the state before step 0. */
  setLane(lane: number, eta_input: number, eta_output: number, state: Float64Array): void {
    const { numbers } = this;
    const at = this.indexOf(lane);
    numbers[at] = eta_input;
    numbers[at + BLOCK_LANES] = eta_output;
    numbers[at + BLOCK_LANES * LANE_COLUMNS.loss_max] = Number.NEGATIVE_INFINITY;
    numbers[at + BLOCK_LANES * LANE_COLUMNS.loss_max_step] = 0;
    numbers[at + BLOCK_LANES * LANE_COLUMNS.increases] = 0;
    numbers[at + BLOCK_LANES * LANE_COLUMNS.last_increase_step] = -1;
    numbers[at + BLOCK_LANES * LANE_COLUMNS.diverged_at] = -1;
    numbers[at + BLOCK_LANES * LANE_COLUMNS.excess] = 0;
    for (let i = 0; i < this.stateColumns; i++) {
      numbers[at + BLOCK_LANES * (STATE + i)] = state[i]!;
    }
  }

  /** Gives lanes `from` up to the end of its block a state that fails at once, as padding. */
  padBlock(from: number): void {
    const nothing = new Float64Array(this.stateColumns).fill(Number.NaN);
    for (let lane = from; lane % BLOCK_LANES !== 0; lane++) this.setLane(lane, 0, 0, nothing);
  }

  get(lane: number, column: number): number {
    return this.numbers[this.indexOf(lane) + BLOCK_LANES * column]!;
  }

  set(lane: number, column: number, value: number): void {
    this.numbers[this.indexOf(lane) + BLOCK_LANES * column] = value;
  }

  /** Copies the state of a lane into `state`. */
  readState(lane: number, state: Float64Array): void {
    const at = this.indexOf(lane) + BLOCK_LANES * STATE;
    for (let i = 0; i < this.stateColumns; i++) state[i] = this.numbers[at + BLOCK_LANES * i]!;
  }

  /** Makes lane `to` what lane `from` is. */
  moveLane(from: number, to: number): void {
    const a = this.indexOf(from);
    const b = this.indexOf(to);
    for (let c = 0; c < this.columns; c++) {
      this.numbers[b + BLOCK_LANES * c] = this.numbers[a + BLOCK_LANES * c]!;
    }
  }

  /**
   * Runs steps t = from .. to−1 of the first `count` lanes: at each, the state is tested, noted
   * and moved. Losses from step `tail` on are added to `excess`. `watchFirst` false leaves out the
   * note at `from`; `moveLast` false leaves the state as it is before step to−1.
   */
  advance(
    count: number,
    from: number,
    to: number,
    tail: number,
    watchFirst = true,
    moveLast = true,
  ): void {
    this.padBlock(count);
    this.steps(count, from, to, tail, watchFirst ? 1 : 0, moveLast ? 1 : 0);
  }

  private indexOf(lane: number): number {
    const block = Math.floor(lane / BLOCK_LANES);
    return this.first + block * BLOCK_LANES * this.columns + (lane % BLOCK_LANES);
  }
}

/**
 * Samples with the same y x up to sign share their exponential, so they are gathered: `singles`
 * holds the directions that occur once (r numbers each), `repeated` the others, each followed by how
 * often it occurs as it stands and negated. Degenerate data (equal features, opposite labels) halve.
 */
export function gatherDirections(
  signedData: Float64Array,
  rank: number,
): { singles: number[]; repeated: number[] } {
  const found = new Map<string, { direction: number[]; as_is: number; negated: number }>();
  for (let i = 0; i < signedData.length; i += rank) {
    const row = Array.from(signedData.subarray(i, i + rank), (value) => value + 0);
    const opposite = row.map((value) => 0 - value);
    const known = found.get(row.join());
    const knownOpposite = found.get(opposite.join());
    if (known !== undefined) known.as_is++;
    else if (knownOpposite !== undefined) knownOpposite.negated++;
    else found.set(row.join(), { direction: row, as_is: 1, negated: 0 });
  }
  const all = [...found.values()];
  const isSingle = ({ as_is, negated }: { as_is: number; negated: number }) =>
    as_is + negated === 1;
  return {
    singles: all.filter(isSingle).flatMap(({ direction }) => direction),
    repeated: all
      .filter((entry) => !isSingle(entry))
      .flatMap(({ direction, as_is, negated }) => [...direction, as_is, negated]),
  };
}

/** The kernel's own exp and log1p (x ≥ 0), for tests of their accuracy. */
export function kernelFunctions(): Pick<KernelExports, "exp" | "log1p"> {
  return instantiate();
}
