import type { DuckDBConnection } from "@duckdb/node-api";

/**
 * What the theorems of Huang et al. 2020 say, held against every run of a results file that they
 * speak about. Statements about the course of a run need recorded trajectories.
 */
export interface Claim {
  readonly claim: string;
  /** Runs that the claim speaks about, and those for which it holds. */
  readonly runs: number;
  readonly held: number;
  /** The cell that breaks it worst, or null. */
  readonly counterexample: number | null;
}

/** Rounding that a recorded trajectory may have. */
const RELATIVE = 1e-12;

/** Degenerate data: equal features with opposite labels, where |f| follows from the loss alone. */
const DEGENERATE = `dataset IN ('example1', 'example3')`;
const NET = `model = 'one_hidden_layer' AND ${DEGENERATE}`;
const PREDICTOR = `model = 'linear_predictor'`;

/** λ∞ ≤ 4/η for exponential and 8/η for logistic loss (Theorem 2); stability asks for half of it. */
const BOUND = `CASE loss WHEN 'exponential' THEN 4 WHEN 'logistic' THEN 8 ELSE 4 END / learning_rate`;

/** Steps at which a list goes up, by more than rounding; `from` is a 1-based position. */
function risesAfter(list: string, from: string): string {
  return `len(list_filter(range(${from}, len(${list})),
    lambda i: ${list}[i + 1] > ${list}[i] * (1 + ${RELATIVE})))`;
}

function fallsBefore(list: string, end: string): string {
  return `len(list_filter(range(1, ${end}),
    lambda i: ${list}[i + 1] < ${list}[i] * (1 - ${RELATIVE})))`;
}

interface Statement {
  readonly claim: string;
  readonly needs: "trajectory" | "ntk_trajectory" | "ntk" | "nothing";
  /** Which runs it speaks about, and an SQL number that is 0 exactly where it holds. */
  readonly about: string;
  readonly violation: string;
}

const PEAK = "list_position(loss_trajectory, list_max(loss_trajectory))";

const STATEMENTS: readonly Statement[] = [
  {
    claim: "Theorem 2, 1: the loss rises up to its peak",
    needs: "trajectory",
    about: `${NET} AND phase = 'catapult'`,
    violation: fallsBefore("loss_trajectory", PEAK),
  },
  {
    claim: "Theorem 2, 2: after the peak |f| falls monotonically",
    needs: "trajectory",
    about: `${NET} AND phase = 'catapult'`,
    violation: risesAfter("loss_trajectory", PEAK),
  },
  {
    claim: "Theorem 2, 3: after the peak λ falls monotonically",
    needs: "ntk_trajectory",
    about: `${NET} AND phase = 'catapult'`,
    violation: risesAfter("ntk_trajectory", PEAK),
  },
  {
    claim: "Theorem 2: λ∞ ≤ 4/η (exponential), 8/η (logistic)",
    needs: "ntk",
    about: `${NET} AND phase = 'catapult' AND settled`,
    violation: `greatest(0, ntk_final / (${BOUND}) - 1 - ${RELATIVE})`,
  },
  {
    claim: "stability: λ∞ ≤ 2/η (exponential), 8/η (logistic)",
    needs: "ntk",
    about: `${NET} AND phase = 'catapult' AND settled AND loss <> 'squared'`,
    violation: `greatest(0, ntk_final * learning_rate
      / CASE loss WHEN 'exponential' THEN 2 ELSE 8 END - 1 - 1e-6)`,
  },
  {
    claim: "Corollary 1: a larger η ends flatter (neighbouring catapult runs of a seed)",
    needs: "ntk",
    about: `${NET} AND phase = 'catapult' AND previous_phase = 'catapult'`,
    violation: `greatest(0, ntk_final / previous_ntk - 1 - 1e-9)`,
  },
  {
    claim: "Theorem 1: logistic loss never rises for η < 8 on degenerate data",
    needs: "nothing",
    about: `${PREDICTOR} AND dataset = 'example1' AND loss = 'logistic' AND learning_rate < 8`,
    violation: "increases",
  },
  {
    claim: "Theorem 1: exponential loss rises exactly above η = 2 w/sinh w",
    needs: "nothing",
    about: `${PREDICTOR} AND dataset = 'example1' AND loss = 'exponential'`,
    // L(0) = cosh w gives w, and sinh w = √(L² − 1).
    violation: `CASE WHEN (learning_rate > 2 * acosh(loss_initial) / sqrt(loss_initial ** 2 - 1))
      = (increases > 0 OR phase = 'divergent') THEN 0 ELSE 1 END`,
  },
  {
    claim: "Proposition 1: no rise for η < 2/β, β = λ_max(C)/4 (logistic)",
    needs: "ntk",
    about: `${PREDICTOR} AND loss = 'logistic' AND learning_rate < 8 / ntk_initial`,
    violation: "increases",
  },
];

/** Holds every statement against the runs of a results file. Cells are numbered as in the file. */
export async function checkTheory(connection: DuckDBConnection, results: string): Promise<Claim[]> {
  const file = `read_parquet('${results.replaceAll("'", "''")}')`;
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${file}`);
  const columns = new Set(described.getRows().map((row) => String(row[0])));
  await connection.run(`CREATE OR REPLACE TEMP VIEW runs AS
    SELECT *, lag(phase) OVER seeds AS previous_phase, lag(ntk_final) OVER seeds AS previous_ntk
    FROM ${file} WINDOW seeds AS (PARTITION BY shape_group, seed ORDER BY learning_rate)`);
  const claims: Claim[] = [];
  for (const { claim, needs, about, violation } of STATEMENTS) {
    const column = { trajectory: "loss_trajectory", ntk_trajectory: "ntk_trajectory" }[
      needs as "trajectory"
    ];
    if (column !== undefined && !columns.has(column)) continue;
    const present =
      column !== undefined
        ? `${column} IS NOT NULL`
        : needs === "ntk"
          ? "ntk_final IS NOT NULL AND NOT isnan(ntk_final)"
          : "true";
    const found = await connection.runAndReadAll(
      `SELECT count(*), count(*) FILTER (v = 0), first(cell ORDER BY v DESC, cell) FILTER (v > 0)
       FROM (SELECT cell, (${violation})::DOUBLE AS v FROM runs WHERE ${about} AND ${present})`,
    );
    const [runs, held, worst] = found.getRows()[0]!;
    if (Number(runs) === 0) continue;
    const counterexample = worst === null ? null : Number(worst);
    claims.push({ claim, runs: Number(runs), held: Number(held), counterexample });
  }
  return claims;
}
