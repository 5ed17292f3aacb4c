import type { Shape } from "../../shared/shape_group.ts";
import type { Engine } from "./engine.ts";
import { gramEngine } from "./gram.ts";

const ENGINES: readonly Engine[] = [gramEngine];

/** The numeric classes that this build can compute. */
export function numericClasses(): string[] {
  return [...new Set(ENGINES.map(({ numeric_class }) => numeric_class))];
}

/** The engine for a shape in the class that the plan fixed. @throws Error if there is none. */
export function engineFor(shape: Shape, numeric_class: string): Engine {
  const engine = ENGINES.find(
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
