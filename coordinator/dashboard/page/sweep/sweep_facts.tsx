import type { SweepPlan, SweepSummary } from "../../messages.ts";
import { Fact } from "../parts/fact.tsx";
import { count } from "../parts/format.ts";

/** What is to be known of a sweep and is seldom looked at. */
export function SweepFacts({ summary, plan }: { summary: SweepSummary; plan: SweepPlan | null }) {
  const { results_folder, results_sha256, shards_committed, duplicates, mismatches } = summary;
  const shape_groups = new Set(plan?.groups.map(({ shape_group }) => shape_group));
  return (
    <section class="block" aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl class="facts">
        <Fact name="results">
          <code>{results_folder}</code>
        </Fact>
        <Fact name="sha256">
          {results_sha256 === "" ? (
            <span class="muted">of results.parquet, once it is there</span>
          ) : (
            <code>{results_sha256}</code>
          )}
        </Fact>
        {plan !== null && <Fact name="shape groups">{count(shape_groups.size)}</Fact>}
        <Fact name="shards committed">{count(shards_committed)}</Fact>
        <Fact name="computed twice">{count(duplicates)}</Fact>
        <Fact name="of these, different">
          <span class={mismatches > 0 ? "bad" : ""}>{count(mismatches)}</span>
        </Fact>
      </dl>
      {summary.mismatch_reports.length > 0 && (
        <ul class="reports">
          {summary.mismatch_reports.map((report) => (
            <li key={report}>
              <pre>{report}</pre>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
