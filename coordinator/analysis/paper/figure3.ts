/** Figure 3 of the paper: λ_NTK and h along the learning rate, and the boundaries of the phases. */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { BoundaryRow, Summary } from "../boundaries/boundaries.ts";
import { datasetLabel, plain, significant } from "../labels.ts";
import type { RunsSource } from "../runs_source.ts";
import type { Finding, PaperFigure } from "./finding.ts";
import type { PaperData } from "./paper_data.ts";
import { agreesWithReference, REFERENCE_MEDIANS } from "./reference_medians.ts";
import { theoryFindings } from "./theory_findings.ts";
import { ofText, verdictOfAll } from "./verdicts.ts";

const PANELS = [
  { panel: "(a)", dataset: "example3", loss: "exponential" },
  { panel: "(b)", dataset: "example4", loss: "exponential" },
  { panel: "(c)", dataset: "example3", loss: "logistic" },
  { panel: "(d)", dataset: "example4", loss: "logistic" },
] as const;

/** Counts of runs of one data set and loss. */
export interface CurvatureCounts {
  readonly dataset: string;
  readonly loss: string;
  readonly seeds: number;
  /** Seeds with a catapult run at one learning rate or more. */
  readonly seeds_with_catapult: number;
  /** Runs whose gradient has vanished, and those of them with h = λ (exponential), λ/4 (logistic). */
  readonly converged: number;
  readonly converged_equal: number;
  /** Lazy runs, and those whose λ, and h, are within 5 % of the seed's at the lowest η. */
  readonly lazy: number;
  readonly lazy_same_ntk: number;
  readonly lazy_same_hessian: number;
  /** Settled catapult runs, and those whose λ, and h, are below the seed's at the lowest η. */
  readonly catapult: number;
  readonly catapult_lower_ntk: number;
  readonly catapult_lower_hessian: number;
}

export async function readFigure3(data: PaperData): Promise<PaperFigure | undefined> {
  if (data.phase_svg === undefined) return undefined;
  const counts = await readCounts(data.connection, data.source);
  return {
    name: "figure3",
    title: "Figure 3: NTK and Hessian eigenvalues along the learning rate",
    svg: data.phase_svg,
    findings: [...figure3Findings(data.rows, counts), ...(await theoryFindings(data))],
  };
}

async function readCounts(
  connection: DuckDBConnection,
  source: RunsSource,
): Promise<CurvatureCounts[]> {
  const reader = await connection.runAndReadAll(`
    WITH runs AS (
      SELECT dataset, loss, seed, phase, settled, gradient_norm, ntk_final AS l, hessian_final AS h,
        first_value(ntk_final) OVER along AS l0, first_value(hessian_final) OVER along AS h0,
        CASE loss WHEN 'exponential' THEN 1 ELSE 0.25 END AS ratio
      FROM ${source}
      WHERE phase <> 'divergent' AND isfinite(ntk_final) AND isfinite(hessian_final)
      WINDOW along AS (PARTITION BY shape_group, seed ORDER BY learning_rate))
    SELECT dataset, loss, count(DISTINCT seed)::DOUBLE AS seeds,
      count(DISTINCT seed) FILTER (phase = 'catapult')::DOUBLE AS seeds_with_catapult, ${[
        ["converged", "gradient_norm < 1e-9"],
        ["converged_equal", "gradient_norm < 1e-9 AND abs(h / (ratio * l) - 1) <= 1e-6"],
        ["lazy", "phase = 'lazy'"],
        ["lazy_same_ntk", "phase = 'lazy' AND abs(l / l0 - 1) <= 0.05"],
        ["lazy_same_hessian", "phase = 'lazy' AND abs(h / h0 - 1) <= 0.05"],
        ["catapult", "phase = 'catapult' AND settled"],
        ["catapult_lower_ntk", "phase = 'catapult' AND settled AND l < l0"],
        ["catapult_lower_hessian", "phase = 'catapult' AND settled AND h < h0"],
      ]
        .map(([name, condition]) => `count(*) FILTER (${condition})::DOUBLE AS ${name}`)
        .join(", ")}
    FROM runs GROUP BY dataset, loss ORDER BY dataset, loss`);
  return reader.getRowObjectsJS() as unknown as CurvatureCounts[];
}

/**
 * A phase between η0 and η1 agrees where every seed has one, in part where at least half have. A median agrees with the population's within four standard errors of
 * the difference. What is said about every run agrees where it holds for all, in part for at least half.
 */
export function figure3Findings(
  rows: readonly BoundaryRow[],
  counts: readonly CurvatureCounts[],
): Finding[] {
  return PANELS.flatMap(({ panel, dataset, loss }) => {
    const own = rows.filter((row) => row.dataset === dataset && row.loss === loss);
    const counted = counts.filter((each) => each.dataset === dataset && each.loss === loss);
    const where = `${panel} ${loss} loss, ${datasetLabel(dataset)}`;
    return [
      ...counted.flatMap((each) => phaseBetween(where, each, own[0])),
      ...own.flatMap((row) => againstReference(where, row)),
      ...counted.flatMap((each) => curvature(where, each)),
    ];
  });
}

function phaseBetween(
  where: string,
  { seeds, seeds_with_catapult }: CurvatureCounts,
  row: BoundaryRow | undefined,
): Finding[] {
  if (row === undefined || row.eta0.median === null || row.eta1.median === null) return [];
  const medians = `η0 = ${summaryText(row.eta0)}, η1 = ${summaryText(row.eta1)}, medians and their intervals`;
  return [
    {
      claim: `${where}: a catapult phase lies between η0 and η1`,
      measured: `in ${ofText(seeds_with_catapult, seeds)} seeds; ${medians}`,
      agrees: verdictOfAll(seeds_with_catapult, seeds),
    },
  ];
}

function summaryText({ median, low, high }: Summary): string {
  return `${significant(median!, 4)} [${significant(low, 4)}, ${significant(high, 4)}]`;
}

function againstReference(where: string, row: BoundaryRow): Finding[] {
  const reference = REFERENCE_MEDIANS.find(
    (each) =>
      each.dataset === row.dataset &&
      each.loss === row.loss &&
      each.width === row.width &&
      each.weight_variance === row.weight_variance &&
      row.steps === 100,
  );
  if (reference === undefined) return [];
  return (["eta0", "eta1"] as const).flatMap((name): Finding[] => {
    const expected = reference[name];
    const { median, standard_error } = row[name];
    if (expected === null || median === null || standard_error === null) return [];
    const symbol = name === "eta0" ? "η0" : "η1";
    return [
      {
        claim: `${where}, width ${row.width}: the median of ${symbol} over a population of seeds, computed independently, is ${plain(expected.median)} ± ${plain(expected.standard_error)}`,
        measured: `${significant(median, 4)} ± ${significant(standard_error, 2)} over ${row.seeds} seeds`,
        agrees: agreesWithReference({ median, standard_error }, expected) ? "yes" : "no",
      },
    ];
  });
}

function curvature(where: string, counts: CurvatureCounts): Finding[] {
  const { loss, dataset, converged, lazy, catapult } = counts;
  const about = (claim: string, total: number, ...held: [string, number][]): Finding[] => {
    if (total === 0) return [];
    const measured = held.map(([what, count]) => `${what}${ofText(count, total)} runs`).join("; ");
    const least = Math.min(...held.map(([, count]) => count));
    return [{ claim: `${where}: ${claim}`, measured, agrees: verdictOfAll(least, total) }];
  };
  const equal = loss === "exponential" ? "h = λ" : "h = λ/4";
  return [
    ...(dataset === "example3"
      ? about(`${equal} once training has converged`, converged, ["", counts.converged_equal])
      : []),
    ...about(
      "in the lazy phase λ and h at the end do not depend on η (here: within 5 % of the value at the lowest η)",
      lazy,
      ["λ in ", counts.lazy_same_ntk],
      ["h in ", counts.lazy_same_hessian],
    ),
    ...about(
      "in the catapult phase λ and h end lower than in the lazy phase",
      catapult,
      ["λ in ", counts.catapult_lower_ntk],
      ["h in ", counts.catapult_lower_hessian],
    ),
  ];
}
