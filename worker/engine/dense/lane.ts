import { type Schedule, scheduleOf } from "../../../shared/schedule.ts";
import type { Shape } from "../../../shared/shape_group.ts";
import { FLOAT32_RISE, PhaseTracker } from "../phase_tracker.ts";
import { ratesAt } from "../rates.ts";

/** One run of a batch: what it was asked for, and what has become of it. */
export class Lane {
  /** Index of its cell in the batch. */
  readonly cell: number;
  readonly seed: number;
  readonly schedule: Schedule;
  readonly tracker: PhaseTracker;
  /** |∂L/∂θ| and |θ|/√m at step min(T, divergedAt). */
  gradientNorm = Number.NaN;
  weightNorm = Number.NaN;
  private readonly shape: Shape;
  private readonly eta: number;
  /** |θ|², followed by its changes in float64. */
  private squaredNorm = Number.NaN;
  private readonly width: number;

  constructor(shape: Shape, cell: number, seed: number, eta: number) {
    this.shape = shape;
    this.cell = cell;
    this.seed = seed;
    this.eta = eta;
    this.width = shape.hidden_layers === 0 ? 1 : (shape.width as number);
    this.schedule = scheduleOf(shape, eta);
    this.tracker = new PhaseTracker(this.schedule.steps, FLOAT32_RISE);
    this.tracker.start();
  }

  /** Sets |θ|² at the start. */
  begin(squaredNorm: number): void {
    this.squaredNorm = squaredNorm;
  }

  /** η of the hidden layers and of the output layer at step t. */
  ratesAt(t: number): [number, number] {
    return ratesAt(this.shape, this.eta, t);
  }

  /** Takes DenseNet.figures of the state before step t; returns whether the run goes on. */
  observe(t: number, loss: number, squaredGradient: number, sizeOrChange: number): boolean {
    if (this.shape.hidden_layers === 0) this.squaredNorm = sizeOrChange;
    // A rounded change may leave a vanishing sum below zero.
    const squaredSize = this.squaredNorm < 0 ? 0 : this.squaredNorm / this.width;
    if (t <= this.schedule.steps) {
      this.gradientNorm = Math.sqrt(squaredGradient);
      this.weightNorm = Math.sqrt(squaredSize);
    }
    const goesOn = this.tracker.observe(t, loss, squaredSize, Number.isFinite(squaredGradient));
    if (this.shape.hidden_layers > 0) this.squaredNorm += sizeOrChange;
    return goesOn;
  }
}
