import type { Shape } from "../../shared/shape_group.ts";
import { plain } from "./labels.ts";

/**
 * How long a group trains, in a few words: `T = 500` steps, `ηT = 50` for a physical time, and what
 * follows a drop: `ηT = 50, then 500 steps at 0.01`.
 */
export function trainingLabel({ steps, drop }: Pick<Shape, "steps" | "drop">): string {
  const rate = drop === null ? "" : "to" in drop ? plain(drop.to) : `${plain(drop.factor)} η`;
  if (typeof steps === "number") {
    const total = `T = ${steps}`;
    return drop === null ? total : `${total}, at ${rate} from step ${drop.at}`;
  }
  const time = `ηT = ${plain(steps.physical_time)}`;
  if (steps.extra_steps === 0) return time;
  return `${time}, then ${steps.extra_steps} ${drop === null ? "more steps" : `steps at ${rate}`}`;
}
