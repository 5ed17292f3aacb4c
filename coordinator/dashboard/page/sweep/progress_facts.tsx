import type { SweepSummary } from "../../messages.ts";
import { Fact } from "../parts/fact.tsx";
import { count, duration, percent, rate } from "../parts/format.ts";

/** How far a sweep is, in the numbers that one looks for first. */
export function ProgressFacts({ summary }: { readonly summary: SweepSummary }) {
  const { state, cells, cells_done, cells_in_flight, cells_failed, cells_per_second, eta_ms } =
    summary;
  return (
    <dl class="figures">
      <Fact name="done">
        {percent(cells_done, cells)}
        <small>
          {count(cells_done)} of {count(cells)} cells
        </small>
      </Fact>
      {state === "running" && (
        <>
          <Fact name="time left">{eta_ms === null ? "–" : duration(eta_ms)}</Fact>
          <Fact name="cells">{rate(cells_per_second)}</Fact>
          <Fact name="in flight">{count(cells_in_flight)}</Fact>
        </>
      )}
      <Fact name="failed">
        <span class={cells_failed > 0 ? "bad" : ""}>{count(cells_failed)}</span>
      </Fact>
    </dl>
  );
}
