import { droppedRate, scheduleOf } from "../../shared/schedule.ts";
import type { Shape } from "../../shared/shape_group.ts";

/** η_v of the output layer for η_W = η, before any drop. */
export function outputLearningRate({ output_learning_rate: rate }: Shape, eta: number): number {
  return "ratio" in rate ? rate.ratio * eta : rate.fixed;
}

/** The learning rates of the hidden layers and of the output layer at step t of a cell. */
export function ratesAt(shape: Shape, eta: number, t: number): [number, number] {
  const rates: [number, number] = [eta, outputLearningRate(shape, eta)];
  const { drop_at } = scheduleOf(shape, eta);
  if (drop_at < 0 || t < drop_at) return rates;
  return [droppedRate(shape, rates[0]), droppedRate(shape, rates[1])];
}
