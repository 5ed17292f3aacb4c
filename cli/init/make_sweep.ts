import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { StoredDatasets } from "../../shared/spec/read_datasets.ts";
import { formatRoughly } from "../text/format.ts";
import type { Answers } from "./answers.ts";
import { designSweep } from "./design_sweep.ts";
import type { Probe } from "./probe.ts";
import { type FileFrame, sweepText } from "./sweep_text.ts";

/** Starting processes, merging, and drawing what was found. */
const OVERHEAD_S = 3;
/**
 * Cores share memory and caches, and one of them leads the others. Where cells are added in rounds,
 * each is small and waits for the boundaries of the one before; the rows of a map are small groups, and
 * all of its cells are drawn.
 */
const EFFICIENCY: Readonly<Record<Answers["find"], number>> = {
  grid: 0.7,
  boundaries: 0.25,
  map: 0.3,
};
/** The first file, whose learning rates are not known yet, and nobody sees. */
const ANYWHERE = { low: 0.25, high: 256, cells: 10_000 };

export interface MadeSweep {
  readonly text: string;
  /** Cells; where they are added on the way, at most. */
  readonly cells: number;
  readonly seconds_estimated: number;
}

/**
 * The sweep file for some answers: where its phases change, and how many cells fit into the time, is
 * found by training a few of them. @throws UsageError where the data cannot be read
 */
export async function makeSweep(
  answers: Answers,
  path: string,
  frame: FileFrame,
  { probe, cores }: { readonly probe: Probe; readonly cores: number },
): Promise<MadeSweep> {
  const { find, budget } = answers;
  const draft = (low: number, high: number, cells: number) => {
    const design = designSweep(find, low, high, cells);
    return { design, text: sweepText(answers, design, frame) };
  };
  const blind = draft(ANYWHERE.low, ANYWHERE.high, ANYWHERE.cells);
  const { low, high } = await probe.range(blind.text, path);
  // Small batches are slower, so the speed is that of a sweep of about the right size.
  const rough = draft(low, high, "cells" in budget ? budget.cells : 1e5);
  const cells_per_s = cores * EFFICIENCY[find] * (await probe.speed(rough.text, path));
  const wanted =
    "cells" in budget
      ? budget.cells
      : Math.floor(cells_per_s * Math.max(budget.seconds / 4, budget.seconds - OVERHEAD_S));
  const { design } = draft(low, high, wanted);
  const seconds_estimated = Math.ceil(OVERHEAD_S + design.cells / cells_per_s);
  const cost = `about ${formatRoughly(1000 * seconds_estimated)} on the machine where this was written`;
  const text = sweepText(answers, design, { ...frame, cost });
  // What is written must be what `run` takes.
  buildPlan(parseSweep(text, path), { stored: new StoredDatasets() });
  return { text, cells: design.cells, seconds_estimated };
}
