import { datasetSize } from "./datasets.ts";
import { RESULT_COLUMNS } from "./result_columns.ts";
import { MEASURES, type PlannedShape } from "./shape_group.ts";

/**
 * The result columns that parts of a shape carry: those that it did not ask for are left out. Cell,
 * seed and all that a group has in common follow from the part's range and the plan.
 */
export function partColumns({ measure, dataset }: PlannedShape): typeof RESULT_COLUMNS {
  return RESULT_COLUMNS.filter(({ name }) => {
    if (name === "test_accuracy") return datasetSize(dataset).test_samples > 0;
    const measured = MEASURES.find((candidate) => name.startsWith(`${candidate}_`));
    return measured === undefined || measure.includes(measured);
  });
}

/** The list columns of a shape's parts. */
export function trajectoryColumns({ measure, trajectory_every }: PlannedShape): string[] {
  if (trajectory_every === null) return [];
  return ["loss", ...MEASURES.filter((name) => measure.includes(name))].map(trajectoryColumn);
}

/** The list column of a recorded quantity. */
export function trajectoryColumn(quantity: string): string {
  return `${quantity}_trajectory`;
}
