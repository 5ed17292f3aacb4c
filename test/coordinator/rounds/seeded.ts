import { uniformStream } from "../../../shared/random.ts";

/** A number in [0, 1) that belongs to a seed. */
export function philoxUniform(seed: number, stream: number): number {
  return uniformStream(seed, stream)();
}
