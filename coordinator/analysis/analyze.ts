import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Plan } from "../../shared/plan.ts";
import { syncPath, writeDurably } from "../results/durable_file.ts";
import { RESULTS_FILE } from "../results/merge.ts";
import { readPlan } from "../results/metadata.ts";
import { type AccuracyGroup, readAccuracy } from "./accuracy.ts";
import { type Agreement, readAgreement, readVerified, type Verified } from "./agreement.ts";
import { bootstrapUniforms } from "./boundaries/bootstrap_uniforms.ts";
import { type BoundaryRow, readSeedBoundaries, summarizeGroup } from "./boundaries/boundaries.ts";
import { writeBoundariesFile } from "./boundaries/boundaries_file.ts";
import { type Refinement, readRefinement } from "./boundaries/missing.ts";
import { readSeedStarts } from "./boundaries/seed_starts.ts";
import type { StartEngine } from "./boundaries/start_engine.ts";
import { theoryMedians } from "./boundaries/theory_medians.ts";
import { drawAccuracyFigure } from "./figures/accuracy_figure.ts";
import { readFigureData } from "./figures/figure_data.ts";
import { drawLossFigure, TRAJECTORY_GROUPS_MAX } from "./figures/loss_figure.ts";
import { drawPhaseFigure, PANEL_LIMIT } from "./figures/phase_figure.ts";
import { readTrajectories } from "./figures/trajectory_data.ts";
import { drawWidthFigure } from "./figures/width_figure.ts";
import { findMaps } from "./maps/find_maps.ts";
import { type MapFiles, runsBesideMaps, shapeGroupsOf, writeMaps } from "./maps/write_maps.ts";
import type { PaperFigure } from "./paper/finding.ts";
import { readPaperFigure } from "./paper/paper_figure.ts";
import { gridRuns, sampledRuns } from "./runs_source.ts";
import { type WidthLaw, widthLaws } from "./statistics/width_law.ts";
import { readUncertaintyExponents, type UncertaintyExponents } from "./uncertainty.ts";

export const BOUNDARIES_FILE = "boundaries.parquet";

export const FIGURE_FILE = "phases.svg";
export const ACCURACY_FILE = "accuracy.svg";
export const LOSS_FILE = "loss_curves.svg";
export const PAPER_FILE = "paper.svg";
export const WIDTHS_FILE = "widths.svg";

export interface Analysis {
  /** The plan that was run, with what was added on the way. */
  readonly plan: Plan;
  readonly rows: BoundaryRow[];
  /** How well the boundaries are known, of how well they were wanted; undefined without targets. */
  readonly refinement: Refinement | undefined;
  /** How float32 groups compare with the sample of them in another class. */
  readonly agreement: Agreement[];
  /** What float64 said next to changes of phase; undefined where nobody asked for that. */
  readonly verified: Verified | undefined;
  /** Test accuracies of the groups that have test samples. */
  readonly accuracy: AccuracyGroup[];
  /** How boundaries depend on the width, where a block has widths enough. */
  readonly width_laws: WidthLaw[];
  /** How boundaries look at finer and finer scales, where learning rates are dense enough. */
  readonly uncertainty: UncertaintyExponents;
  /** Path of the table with one row a (shape group, seed). */
  readonly boundaries: string;
  /** Path of the picture of the phases; undefined where every group is part of a map. */
  readonly figure: string | undefined;
  /** Groups that differ in one number with many values, as pictures. */
  readonly maps: MapFiles[];
  /** Maps that are not drawn, because there are more than MAPS_MAX. */
  readonly maps_left_out: number;
  /** Path of the picture of the test accuracies; undefined where there are none. */
  readonly accuracy_figure: string | undefined;
  /** Path of the picture of losses along training; undefined where no trajectories were recorded. */
  readonly loss_figure: string | undefined;
  /** Path of the picture of the boundaries against the width; undefined without a law in it. */
  readonly width_figure: string | undefined;
  /** The figure of the paper that the sweep reproduces, with what agrees; undefined without one. */
  readonly paper: PaperFigure | undefined;
  /** Path of its picture. */
  readonly paper_figure: string | undefined;
}

/**
 * Locates η0 and η1 in a folder's merged results, draws them, and writes them beside what theory says
 * of each seed. `engine` computes what that needs and was not measured. Deterministic.
 */
export async function analyzeResults(folder: string, engine: StartEngine): Promise<Analysis> {
  const results = join(folder, RESULTS_FILE);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const plan = await readPlan(connection, results);
    const { confidence } = plan;
    const source = gridRuns(results, plan);
    const sampled = sampledRuns(results, plan);
    const groups = await readSeedBoundaries(connection, sampled);
    const rows = groups.map((group) =>
      summarizeGroup(group, { uniforms: bootstrapUniforms, confidence }),
    );
    const refinement = await readRefinement(connection, sampled, plan, rows);
    const boundaries = join(folder, BOUNDARIES_FILE);
    const starts = await readSeedStarts(connection, source, plan, groups, engine);
    await writeBoundariesFile(boundaries, plan, groups, starts);
    const width_laws = widthLaws(plan, rows);
    const widths_svg = drawWidthFigure(width_laws, theoryMedians(plan, groups, starts));
    const width_figure = await writeFigure(folder, WIDTHS_FILE, widths_svg);
    const agreement = await readAgreement(connection, results, plan);
    const verified = await readVerified(connection, results, plan);
    const found = findMaps(plan);
    const maps = await writeMaps(folder, found, { connection, source, rows });
    const maps_left_out = found.length - maps.length;
    const beside = runsBesideMaps(source, plan, found);
    // A row of a map would be a query each, and says little beside its neighbours.
    const mapped = shapeGroupsOf(found);
    const unmapped = rows.filter(({ shape_group }) => !mapped.has(shape_group));
    const uncertainty = await readUncertaintyExponents(connection, source, plan, unmapped);
    const data = await readFigureData(connection, beside, PANEL_LIMIT);
    const phase_svg = data.panels.length === 0 ? undefined : drawPhaseFigure(data, rows);
    const figure = await writeFigure(folder, FIGURE_FILE, phase_svg);
    const accuracy = await readAccuracy(connection, source, plan);
    const accuracy_svg = drawAccuracyFigure(accuracy, rows);
    const accuracy_figure = await writeFigure(folder, ACCURACY_FILE, accuracy_svg);
    const trajectories = await readTrajectories(connection, source, plan, TRAJECTORY_GROUPS_MAX);
    const loss_figure = await writeFigure(folder, LOSS_FILE, drawLossFigure(trajectories));
    const paper = await readPaperFigure(plan, {
      ...{ connection, results, source, rows, accuracy, phase_svg, accuracy_svg },
    });
    const paper_figure = await writeFigure(folder, PAPER_FILE, paper?.svg);
    await syncPath(folder);
    return {
      ...{ plan, rows, refinement, agreement, verified, accuracy, width_laws, uncertainty },
      ...{ boundaries, figure, maps, maps_left_out, accuracy_figure, width_figure },
      ...{ loss_figure, paper, paper_figure },
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Writes a picture, if there is one, and says where it is. */
async function writeFigure(
  folder: string,
  name: string,
  svg: string | undefined,
): Promise<string | undefined> {
  if (svg === undefined) return undefined;
  const path = join(folder, name);
  await writeDurably(path, Buffer.from(svg));
  return path;
}
