import { LANE_WORDS, LOWEST, NEVER, STATE_WORD, WORKGROUP_LANES } from "./shader.ts";

/** One dispatch: steps first_step..end_step of some lanes. */
export interface Stretch {
  readonly first_step: number;
  readonly end_step: number;
  /** From this step on losses count for the mean of the last ones. */
  readonly tail: number;
  /** False: the state before first_step is noted already. */
  readonly watch_first: boolean;
  /** Whether the state at end_step is noted too. */
  readonly watch_end: boolean;
  readonly reset_excess: boolean;
}

const PARAMS_WORDS = 16;
const DISPATCH_GROUPS_MAX = 65_535;

/** The directions that the data come down to, and what all lanes have in common. */
export interface FusedProblem {
  /** Rows of r + 2 numbers: z, samples with y x = +z, samples with y x = −z. */
  readonly directions: Float32Array;
  readonly direction_count: number;
  readonly samples: number;
  readonly inverse_width: number;
  /** Before which step, and by what, learning rates change: times `factor`, or to `to` if above 0. */
  readonly drop: { readonly at: number; readonly factor: number; readonly to: number };
}

/** The lanes of a batch in the memory of a device. */
export class LaneBuffers {
  readonly lanes: number;
  readonly words: Uint32Array;
  readonly numbers: Float32Array;
  private readonly device: GPUDevice;
  private readonly pipeline: GPUComputePipeline;
  private readonly problem: FusedProblem;
  private readonly buffers: Readonly<Record<"params" | "data" | "active" | "words", GPUBuffer>>;
  private readonly bindings: GPUBindGroup;
  private active: number;

  /** `state_words`: numbers of one run's state. */
  constructor(
    device: GPUDevice,
    pipeline: GPUComputePipeline,
    problem: FusedProblem,
    lanes: number,
    state_words: number,
  ) {
    this.device = device;
    this.pipeline = pipeline;
    this.problem = problem;
    this.lanes = lanes;
    this.active = lanes;
    this.words = new Uint32Array(lanes * (STATE_WORD + state_words));
    this.numbers = new Float32Array(this.words.buffer);
    const { STORAGE, UNIFORM, COPY_DST, COPY_SRC } = GPUBufferUsage;
    const buffer = (bytes: number, usage: number) => device.createBuffer({ size: bytes, usage });
    this.buffers = {
      params: buffer(4 * PARAMS_WORDS, UNIFORM | COPY_DST),
      data: buffer(problem.directions.byteLength, STORAGE | COPY_DST),
      active: buffer(4 * lanes, STORAGE | COPY_DST),
      words: buffer(this.words.byteLength, STORAGE | COPY_DST | COPY_SRC),
    };
    const { params, data, active, words } = this.buffers;
    this.bindings = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [params, data, active, words].map((part, binding) => ({
        binding,
        resource: { buffer: part },
      })),
    });
    device.queue.writeBuffer(data, 0, problem.directions as Float32Array<ArrayBuffer>);
  }

  /** Sets a lane to the beginning of a run; `upload` sends all of them. */
  setLane(lane: number, eta_input: number, eta_output: number, state: Float64Array): void {
    const { lanes, numbers, words } = this;
    numbers[LANE_WORDS.eta_input * lanes + lane] = eta_input;
    numbers[LANE_WORDS.eta_output * lanes + lane] = eta_output;
    numbers[LANE_WORDS.loss_max * lanes + lane] = LOWEST;
    words[LANE_WORDS.last_increase_step * lanes + lane] = NEVER;
    words[LANE_WORDS.diverged_at * lanes + lane] = NEVER;
    for (let i = 0; i < state.length; i++) {
      numbers[(STATE_WORD + i) * lanes + lane] = state[i]!;
    }
  }

  upload(): void {
    const { queue } = this.device;
    queue.writeBuffer(this.buffers.words, 0, this.words as Uint32Array<ArrayBuffer>);
  }

  /** Which lanes go on from here. */
  select(lanes: Uint32Array<ArrayBuffer>): void {
    this.active = lanes.length;
    this.device.queue.writeBuffer(this.buffers.active, 0, lanes);
  }

  /** Queues a stretch of the selected lanes. */
  advance(stretch: Stretch): void {
    const { problem, device } = this;
    const { drop } = problem;
    const params = new Uint32Array(PARAMS_WORDS);
    const numbers = new Float32Array(params.buffer);
    params.set([this.lanes, this.active, stretch.first_step, stretch.end_step, stretch.tail]);
    params[5] = drop.at < 0 ? NEVER : drop.at;
    params[6] = stretch.watch_first ? 1 : 0;
    params[7] = stretch.watch_end ? 1 : 0;
    params[8] = problem.direction_count;
    numbers[9] = drop.factor;
    numbers[10] = drop.to;
    numbers[11] = problem.inverse_width;
    numbers[12] = 1 / problem.samples;
    params[13] = stretch.reset_excess ? 1 : 0;
    device.queue.writeBuffer(this.buffers.params, 0, params);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.pipeline);
    pass.setBindGroup(0, this.bindings);
    const groups = Math.ceil(this.active / WORKGROUP_LANES);
    const across = Math.min(groups, DISPATCH_GROUPS_MAX);
    pass.dispatchWorkgroups(across, Math.ceil(groups / across));
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  /** Waits for the queue and reads all lanes into `words`. */
  async download(): Promise<void> {
    const { device, words } = this;
    const reading = device.createBuffer({
      size: words.byteLength,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.buffers.words, 0, reading, 0, words.byteLength);
    device.queue.submit([encoder.finish()]);
    await reading.mapAsync(GPUMapMode.READ);
    words.set(new Uint32Array(reading.getMappedRange()));
    reading.unmap();
    reading.destroy();
  }

  destroy(): void {
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }
}
