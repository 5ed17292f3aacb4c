import { whyNotGram } from "../../../shared/engine_choice.ts";
import { messageOf } from "../../../shared/errors.ts";
import { CURVE_OPERATIONS_MAX, CURVE_POINTS_MAX } from "../../../shared/limits.ts";
import { trajectoryColumn } from "../../../shared/part_columns.ts";
import type { PlannedGroup } from "../../../shared/plan.ts";
import { scheduleOf } from "../../../shared/schedule.ts";
import { MEASURES, trajectoryPoints } from "../../../shared/shape_group.ts";
import { shellWord } from "../../../shared/shell_word.ts";
import { ownCost } from "../../reproduce/audit_sample.ts";
import type { CellDetail, Curve } from "../messages.ts";
import type { ViewSource } from "./view_source.ts";

interface CurveWish {
  readonly group: PlannedGroup;
  readonly start: { readonly seed: number; readonly learning_rate: number };
  readonly row: StoredRow | undefined;
  readonly folder: string;
  readonly cell: number;
  /** It could not be computed. */
  readonly failed: boolean;
  readonly source: ViewSource;
}

/** A row of the results; lists are trajectories. */
export type StoredRow = Readonly<Record<string, unknown>>;

type Found = Pick<CellDetail, "curve" | "no_curve">;

/** The training of a cell step by step: as its sweep recorded it, or as it is trained again. */
export async function curveOfCell(wish: CurveWish): Promise<Found> {
  const { group, row, failed } = wish;
  if (row !== undefined && trajectoryPoints(group.shape) > 0) {
    return { curve: recordedCurve(group, row), no_curve: null };
  }
  if (failed) return { curve: null, no_curve: "it could not be computed" };
  return train(wish);
}

function recordedCurve({ shape, numeric_class }: PlannedGroup, row: StoredRow): Curve {
  const list = (quantity: string) => row[trajectoryColumn(quantity)] as number[] | undefined;
  const measure = (name: (typeof MEASURES)[number]) =>
    shape.measure.includes(name) ? finite(list(name) ?? []) : null;
  const loss = list("loss") ?? [];
  return {
    source: "recorded",
    numeric_class,
    steps: loss.map((_, j) => j * shape.trajectory_every!),
    loss: finite(loss),
    ntk: measure("ntk"),
    hessian: measure("hessian"),
  };
}

async function train({ group, start, folder, cell, source }: CurveWish): Promise<Found> {
  if (source.curves === undefined) {
    return { curve: null, no_curve: "nothing here trains cells again" };
  }
  const recording = recordingGroup(group, start.learning_rate);
  const steps = recording.shape.steps as number;
  const operations = ownCost({ group: recording, steps });
  if (operations > CURVE_OPERATIONS_MAX) {
    return {
      curve: null,
      no_curve: `its ${steps} steps take some ${operations.toExponential(0)} operations, more than the ${CURVE_OPERATIONS_MAX.toExponential(0)} that are spent on a curve here (CURVE_OPERATIONS_MAX); \`phasesweep reproduce ${shellWord(folder)} ${cell}\` trains it again once the sweep is done, and \`trajectory\` in a sweep file records curves`,
    };
  }
  try {
    const { numeric_class, cell: trained } = await source.curves.train(recording, start, folder);
    const { lists } = trained;
    const every = recording.shape.trajectory_every!;
    const loss = lists[trajectoryColumn("loss")] ?? [];
    const measure = (name: (typeof MEASURES)[number]) => {
      const list = lists[trajectoryColumn(name)];
      return list === undefined ? null : finite(list);
    };
    return {
      curve: {
        source: "trained",
        numeric_class,
        steps: loss.map((_, j) => j * every),
        loss: finite(loss),
        ntk: measure("ntk"),
        hessian: measure("hessian"),
      },
      no_curve: null,
    };
  } catch (error) {
    return { curve: null, no_curve: messageOf(error) };
  }
}

/**
 * The group with a trajectory of all steps, or of every so many where there are more than
 * CURVE_POINTS_MAX, and with λ and h where they cost little. The steps are those of this learning rate:
 * a run is the same whatever is recorded of it.
 */
export function recordingGroup(group: PlannedGroup, learning_rate: number): PlannedGroup {
  const { shape } = group;
  const { steps, drop_at } = scheduleOf(shape, learning_rate);
  const isCheap = whyNotGram(shape) === null && shape.engine === undefined;
  return {
    ...group,
    shape: {
      ...shape,
      steps,
      drop: shape.drop === null ? null : { ...shape.drop, at: drop_at },
      trajectory_every: Math.max(1, Math.ceil(steps / CURVE_POINTS_MAX)),
      measure: isCheap ? MEASURES : shape.measure,
    },
  };
}

function finite(values: readonly number[]): (number | null)[] {
  return values.map((value) => (Number.isFinite(value) ? value : null));
}
