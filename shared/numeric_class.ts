/**
 * A numeric class says which bits a cell's numbers have. Cells of one class agree on every node:
 * bit for bit in float64-exact, within the rounding of float32 in a class of a tfjs backend. The
 * class of a shape group is fixed by its plan and is part of the group's identity.
 */

/** The class of the gram engine: float64 through our own elementary functions, equal everywhere. */
export const FLOAT64_EXACT = "float64-exact";

/** The backends of tfjs that compute in float32, best first. */
export const BACKENDS = ["cuda", "webgpu", "node", "wasm"] as const;

export type Backend = (typeof BACKENDS)[number];

/** The class of float32 results of a backend: "float32-webgpu". */
export function float32Class(backend: Backend): string {
  return `float32-${backend}`;
}

/** What a sweep file may ask for; verify: float32, and float64 wherever it decides a boundary. */
export const PRECISIONS = ["float64", "float32", "verify"] as const;

export type Precision = (typeof PRECISIONS)[number];

/** The backend of a float32 class; undefined for another class. */
export function backendOf(numeric_class: string): Backend | undefined {
  return BACKENDS.find((backend) => float32Class(backend) === numeric_class);
}
