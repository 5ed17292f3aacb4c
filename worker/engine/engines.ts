import type { Shape } from "../../shared/shape_group.ts";
import { openWasm, wasmDenseEngine } from "./dense/wasm.ts";
import type { Engine } from "./engine.ts";
import { gramEngine } from "./gram.ts";
import { gramTensorEngine } from "./gram_tensors/gram_tensors.ts";

/** The engines that compute on threads of the CPU; the first that takes a shape has it. */
export const CPU_ENGINES: readonly Engine[] = [
  gramEngine,
  gramTensorEngine(openWasm, "wasm"),
  wasmDenseEngine,
];

/** The numeric classes that engines compute. */
export function numericClasses(engines: readonly Engine[]): string[] {
  return [...new Set(engines.map(({ numeric_class }) => numeric_class))];
}

/** The one of some engines for a shape, in the class that the plan fixed. @throws Error */
export function engineFor(engines: readonly Engine[], shape: Shape, numeric_class: string): Engine {
  const engine = engines.find(
    (candidate) => candidate.numeric_class === numeric_class && candidate.supports(shape),
  );
  if (engine === undefined) {
    throw new Error(
      `no engine of class ${numeric_class} takes data set ${shape.dataset.name} with ` +
        `${shape.hidden_layers} hidden layers`,
    );
  }
  return engine;
}
