import { uniformStream } from "../../../shared/random.ts";

/** Bootstrap uniforms of a shape group: 52 bits of its identity are the seed. */
export function bootstrapUniforms(shape_group: string): () => number {
  return uniformStream(Number.parseInt(shape_group.slice(0, 13), 16), 0);
}
