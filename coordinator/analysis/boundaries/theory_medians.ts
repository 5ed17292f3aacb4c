import type { Plan } from "../../../shared/plan.ts";
import { median } from "../statistics/median.ts";
import type { GroupBoundaries } from "./boundaries.ts";
import type { SeedStart } from "./seed_starts.ts";
import { type SeedTheory, seedTheory } from "./seed_theory.ts";

/** Medians over the seeds of a shape group for which a value is known; null where it is for none. */
export type TheoryMedians = Pick<
  SeedTheory,
  "two_over_ntk" | "four_over_ntk" | "eight_over_ntk" | "root_eight_width"
>;

/** By shape group; `starts` has the order of `groups` and their seeds. Pure. */
export function theoryMedians(
  plan: Plan,
  groups: readonly GroupBoundaries[],
  starts: readonly (readonly SeedStart[])[],
): ReadonlyMap<string, TheoryMedians> {
  const shapes = new Map(plan.groups.map(({ shape_group, shape }) => [shape_group, shape]));
  return new Map(
    groups.map(({ group }, index) => {
      const shape = shapes.get(group.shape_group)!;
      const seeds = starts[index]!.map((start) => seedTheory(shape, start));
      const over = (name: keyof TheoryMedians) => {
        const known = seeds.flatMap((seed) => seed[name] ?? []);
        return known.length === 0 ? null : median(known);
      };
      return [
        group.shape_group,
        {
          // Of logistic loss 8/λ0 is what this is of the others.
          two_over_ntk: shape.loss === "logistic" ? null : over("two_over_ntk"),
          four_over_ntk: over("four_over_ntk"),
          eight_over_ntk: over("eight_over_ntk"),
          root_eight_width: over("root_eight_width"),
        },
      ];
    }),
  );
}
