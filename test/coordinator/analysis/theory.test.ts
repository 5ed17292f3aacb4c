import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkTheory } from "../../../coordinator/analysis/theory.ts";
import { connect } from "./results_fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "theory-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("of equally bad exceptions the first cell is named, in whatever order rows come", async () => {
  const connection = await connect();
  const path = join(folder, "results.parquet");
  // Predictors of logistic loss on Example 1 below η = 8, whose losses must never rise.
  await connection.run(`COPY (
    SELECT cell, 'g' AS shape_group, 0 AS seed, 'example1' AS dataset, 'logistic' AS loss,
      'linear_predictor' AS model, 1 + cell * 1e-6 AS learning_rate, 'lazy' AS phase, true AS settled,
      1.0 AS loss_initial, 100.0 AS ntk_initial, 1.0 AS ntk_final,
      CASE WHEN cell % 1000 = 17 THEN 3 WHEN cell = 5 THEN 1 ELSE 0 END AS increases
    FROM range(200_000) AS cells(cell) ORDER BY hash(cell)) TO '${path}' (FORMAT parquet)`);
  const claims = await checkTheory(connection, path);
  const { runs, held, counterexample } = claims.find(({ claim }) => claim.includes("η < 8"))!;
  expect({ runs, held, counterexample }).toEqual({
    runs: 200_000,
    held: 199_799,
    counterexample: 17,
  });
});
