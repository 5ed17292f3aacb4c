import { datasetSize } from "../datasets.ts";
import { UsageError } from "../errors.ts";
import type { PaperFigureName } from "../paper_figures.ts";
import type { PlannedGroup } from "../plan.ts";
import type { LoadedSweep } from "./load.ts";

/** Figures that show what happens along training. */
const ALONG_TRAINING: readonly PaperFigureName[] = ["figure1", "figure2", "figure5", "figure6"];

/** Refuses a figure of the paper for which the groups hold nothing to draw. @throws UsageError */
export function checkReproduces(
  sweep: LoadedSweep,
  reproduces: PaperFigureName | undefined,
  groups: readonly PlannedGroup[],
): void {
  if (reproduces === undefined) return;
  const refuse = (problem: string, fix: string) => {
    const place = sweep.place(["reproduces"]);
    throw new UsageError({ place, problem: `${reproduces} ${problem}`, fix });
  };
  const every = groups.flatMap(({ shape }) => shape.trajectory_every ?? []);
  if (ALONG_TRAINING.includes(reproduces) && (every.length === 0 || every.some((n) => n !== 1))) {
    refuse(
      "shows runs step by step, which this sweep does not record",
      "write `trajectory: { every: 1 }`, or remove 'reproduces'",
    );
  }
  const isTested = groups.some(({ shape }) => datasetSize(shape.dataset).test_samples > 0);
  if (reproduces === "figure4" && !isTested) {
    refuse(
      "shows test accuracies, but no data set here has test samples",
      "give a data set with `test`, or remove 'reproduces'",
    );
  }
}
