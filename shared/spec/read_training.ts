import { STEPS_MAX } from "../limits.ts";
import { scheduleOf } from "../schedule.ts";
import type { LearningRateDrop, Shape } from "../shape_group.ts";
import { axisPoints, type LearningRateAxis, learningRateAt } from "./axes.ts";
import { STEPS_DEFAULT } from "./defaults.ts";
import type { KeyPath } from "./load.ts";
import type { SweepBlock } from "./schema.ts";

type Training = NonNullable<SweepBlock["training"]> & {
  readonly learning_rates: LearningRateAxis;
  readonly trajectory_every: number | null;
};

/** How long runs train, and when their learning rates drop. `refuse` throws a UsageError. */
export function readTraining(
  training: Training,
  refuse: (key: KeyPath, problem: string, fix: string) => never,
): Pick<Shape, "steps" | "drop"> {
  const { steps = STEPS_DEFAULT, learning_rates, trajectory_every } = training;
  const { at, extra_steps } = training.drop ?? {};
  if (typeof steps === "number") {
    if (at !== undefined && at >= steps) {
      refuse(
        ["training", "drop", "at"],
        `the learning rate drops at step ${at}, but training ends at step ${steps}`,
        "drop earlier or train longer",
      );
    }
    const drop = readDrop(training.drop, extra_steps === undefined ? at : steps, refuse);
    return { steps: steps + (extra_steps ?? 0), drop };
  }
  if (at !== undefined) {
    refuse(
      ["training", "drop", "at"],
      "with a physical time the step of the drop follows from the learning rate",
      "write `extra_steps: 500` in place of 'at', for a drop when the time is over",
    );
  }
  if (trajectory_every !== null) {
    refuse(
      ["trajectory"],
      "with a physical time every learning rate has a number of steps of its own",
      "remove 'trajectory', or write `steps` as a number",
    );
  }
  const time = { physical_time: steps.physical_time, extra_steps: extra_steps ?? 0 };
  const drop = readDrop(training.drop, "physical_time", refuse);
  const lowest = lowestRate(learning_rates);
  const longest = scheduleOf({ steps: time, drop }, lowest).steps;
  if (longest > STEPS_MAX) {
    refuse(
      ["training", "steps"],
      `learning rate ${lowest} makes ${longest} steps, over the limit of ${STEPS_MAX} (STEPS_MAX)`,
      "take a shorter time or larger learning rates",
    );
  }
  return { steps: time, drop };
}

function readDrop(
  drop: NonNullable<SweepBlock["training"]>["drop"],
  at: LearningRateDrop["at"] | undefined,
  refuse: (key: KeyPath, problem: string, fix: string) => never,
): LearningRateDrop | null {
  if (drop === undefined) return null;
  const { factor, to } = drop;
  if ((drop.at === undefined) === (drop.extra_steps === undefined)) {
    refuse(
      ["training", "drop"],
      "a drop needs either 'at' or 'extra_steps'",
      "for example `drop: { at: 50, to: 0.01 }`",
    );
  }
  if (factor !== undefined && to === undefined) return { at: at!, factor };
  if (to !== undefined && factor === undefined) return { at: at!, to };
  return refuse(
    ["training", "drop"],
    "a drop needs either 'factor' or 'to'",
    "for example `drop: { at: 50, to: 0.01 }`",
  );
}

function lowestRate(axis: LearningRateAxis): number {
  if (axis.scale === "list") return Math.min(...axis.values.slice(0, axisPoints(axis)));
  return learningRateAt(axis, 0);
}
