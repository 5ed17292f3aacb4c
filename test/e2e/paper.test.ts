import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";
import { expectWellFormed } from "../coordinator/analysis/figures/svg_fixture.ts";
import { phasesweep, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

interface Claim {
  readonly claim: string;
  readonly runs: number;
  readonly held: number;
}

interface Finding {
  readonly claim: string;
  readonly measured: string;
  readonly agrees: string;
}

interface Shipped {
  readonly folder: string;
  readonly findings: readonly Finding[];
  /** Verdicts of the findings whose claim has some words. */
  verdicts(words: string): string[];
}

async function runShipped(name: string): Promise<Shipped> {
  const folder = temporaryFolder();
  const sweep = join(packageRoot, "sweeps/paper", `${name}.yaml`);
  const { code, stdout, stderr } = await phasesweep("run", sweep, "--results", folder, "--json");
  expect(code, stderr).toBe(0);
  const { paper, files } = documentOf("run", stdout);
  expect(paper.name).toBe(name);
  expectWellFormed(readFileSync(files.paper_figure, "utf8"));
  const findings = paper.findings as Finding[];
  const verdicts = (words: string) =>
    findings.filter(({ claim }) => claim.includes(words)).map(({ agrees }) => agrees);
  return { folder, findings, verdicts };
}

async function claimsOf(folder: string): Promise<Map<string, Claim>> {
  const { code, stdout } = await phasesweep("theory", folder, "--json");
  expect(code).toBe(0);
  const claims = JSON.parse(stdout) as Claim[];
  return new Map(claims.map((claim) => [claim.claim.split(":")[0]!, claim]));
}

async function rowsOf(folder: string, query: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const file = join(folder, "results.parquet");
  const found = await connection.runAndReadAll(query.replaceAll("results", `'${file}'`));
  return found.getRows();
}

test("Figure 1: the printed critical rates, saturation above them, oscillation below", async () => {
  const { folder, verdicts } = await runShipped("figure1");
  expect(verdicts("learning rate 1.66843")).toEqual(["yes"]);
  expect(verdicts("learning rate 8.485")).toEqual(["yes"]);
  // Example 2 with its third label as −1, and as printed.
  expect(verdicts("learning rate 0.895")).toEqual(["in part", "no"]);
  expect(verdicts("learning rate 4.65")).toEqual(["in part", "no"]);
  expect(verdicts("log 2")).toEqual(["yes", "yes"]);
  const claims = await claimsOf(folder);
  for (const name of ["Theorem 1", "Proposition 1"]) {
    const { runs, held } = claims.get(name)!;
    expect(runs).toBeGreaterThan(2);
    expect(held).toBe(runs);
  }
  const above = await rowsOf(
    folder,
    `SELECT DISTINCT phase FROM results WHERE loss = 'logistic' AND dataset = 'example1'
       AND learning_rate > 8.49`,
  );
  expect(above).toEqual([["unsettled"]]);
  const oscillating = await rowsOf(
    folder,
    `SELECT DISTINCT phase, gradient_norm > 0.05 FROM results WHERE loss = 'logistic'
       AND dataset = 'example1' AND learning_rate BETWEEN 8.1 AND 8.48`,
  );
  expect(oscillating).toEqual([["lazy", true]]);
});

test("Figure 2: a catapult for logistic loss, and the trajectories that show it", async () => {
  const { folder, verdicts } = await runShipped("figure2");
  expect(verdicts("Example 3, width 1000: in the catapult phase the loss")).toEqual(["no"]);
  expect(verdicts("logistic loss, Example 3, width 100: in the catapult")).toEqual(["yes", "yes"]);
  expect(verdicts("exponential loss, Example 3, width 100: the same")).toEqual(["yes"]);
  const [row] = await rowsOf(
    folder,
    `SELECT count(*) FILTER (loss = 'logistic' AND phase = 'catapult'),
       bool_and(len(loss_trajectory) = least(100, coalesce(diverged_at, 100)) + 1),
       bool_and(loss_trajectory[1] = loss_initial),
       bool_and(ntk_final < ntk_initial) FILTER (phase = 'catapult' AND settled
         AND loss = 'logistic' AND dataset = 'example3')
     FROM results`,
  );
  expect(Number(row![0])).toBeGreaterThan(80);
  expect(row!.slice(1)).toEqual([true, true, true]);
});

test("Figure 3: population medians, and curvatures that end equal", async () => {
  const { verdicts } = await runShipped("figure3");
  expect(verdicts("over a population of seeds")).toEqual(Array(7).fill("yes"));
  expect(verdicts("once training has converged")).toEqual(["yes", "yes"]);
  expect(verdicts("a catapult phase lies between")).not.toContain("no");
});

test("Figure 5: phi > 0 exactly where a step raises the loss", async () => {
  const { folder, findings } = await runShipped("figure5");
  expect(findings.map(({ agrees }) => agrees)).toEqual(["yes", "yes", "yes", "yes"]);
  const { stdout } = await phasesweep(
    ...["phi", "--loss", "logistic", "--learning-rate", "10", "--to", "5", "--points", "501"],
  );
  const curve = stdout.trim().split("\n").slice(1);
  const phiAt = (x: number) => Number(curve[Math.round(100 * x)]!.split(",")[1]);
  const rows = await rowsOf(
    folder,
    `SELECT loss_initial, loss_trajectory[2] > loss_trajectory[1] FROM results
     WHERE loss = 'logistic' ORDER BY cell`,
  );
  const starts = [0.25, 0.5, 1, 1.5, 2, 3, 5];
  expect(rows.map(([, rises]) => rises)).toEqual(starts.map((x) => phiAt(x) > 0));
  const claims = await claimsOf(folder);
  expect(claims.get("Theorem 1")!.held).toBe(claims.get("Theorem 1")!.runs);
});

test("Figure 6: the bounds of Theorem 2 hold in every settled run, Corollary 1 does not", async () => {
  const { folder, findings, verdicts } = await runShipped("figure6");
  expect(verdicts("x_*, from which on")).toEqual(["yes"]);
  expect(verdicts("the loss keeps falling")).toEqual(["yes"]);
  // φ > 0 misses the steps of huge outputs, which grow without a change of sign.
  expect(verdicts("exactly where φ_λ(|f|) > 0")).toEqual(["in part"]);
  const [, both, all] = /< −2\|f\| in ([\d,]+) of ([\d,]+)/.exec(findings[0]!.measured)!;
  expect(both).toBe(all);
  const claims = await claimsOf(folder);
  const bound = claims.get("Theorem 2")!;
  const stability = claims.get("stability")!;
  expect(bound.runs).toBeGreaterThan(2000);
  expect(bound.held).toBe(bound.runs);
  expect(stability.held).toBe(stability.runs);
  const corollary = claims.get("Corollary 1")!;
  expect(corollary.held).toBeLessThan(corollary.runs);
  expect(readFileSync(join(packageRoot, "sweeps/paper/figure6.yaml"), "utf8")).toContain(
    `${bound.held.toLocaleString("en-US")} of ${bound.runs.toLocaleString("en-US")}`,
  );
});

test("Table 1: catapults in every seed where the paper has a tick", async () => {
  const { folder, verdicts } = await runShipped("table1");
  expect(verdicts("a catapult phase").filter((verdict) => verdict !== "yes")).toEqual([]);
  expect(verdicts("no catapult phase")).toEqual(["no", "in part"]);
  const rows = await rowsOf(
    folder,
    `SELECT dataset, loss, count(DISTINCT seed) FILTER (phase = 'catapult')::INTEGER
     FROM results GROUP BY ALL`,
  );
  const seeds = new Map(rows.map(([dataset, loss, count]) => [`${dataset} ${loss}`, count]));
  for (const dataset of ["example3", "example4_strict"]) {
    for (const loss of ["exponential", "logistic", "squared"]) {
      expect(seeds.get(`${dataset} ${loss}`), `${dataset} ${loss}`).toBe(16);
    }
  }
  expect(seeds.get("separable-acute squared")).toBe(16);
  expect(seeds.get("separable-acute logistic")).toBe(0);
  expect(Number(seeds.get("separable-n16-d2-margin0.1-seed0 logistic"))).toBeGreaterThan(0);
});
