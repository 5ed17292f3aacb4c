import type { SweepSummary } from "../../messages.ts";
import { ErrorText } from "../parts/error_text.tsx";
import { Fact } from "../parts/fact.tsx";
import { count, duration, percent, rate } from "../parts/format.ts";
import { ProgressBar } from "../parts/progress_bar.tsx";
import { addressOf } from "../parts/routes.ts";
import { StateBadge } from "../parts/state_badge.tsx";

export function SweepRow({ summary }: { readonly summary: SweepSummary }) {
  const { sweep, description, state, cells, cells_done, cells_failed, trouble, error } = summary;
  const { mismatches } = summary;
  const isActive = state === "running" || state === "paused";
  return (
    <li class={`sweep-row ${state}`}>
      <div class="what">
        <h2>
          <a href={addressOf({ page: "sweep", sweep, cell: null })}>{sweep}</a>
        </h2>
        {description !== "" && <p class="muted">{description}</p>}
      </div>
      <StateBadge state={state} />
      <div class="how">
        <ProgressBar summary={summary} />
        <dl class="inline">
          <Fact name="done">
            {percent(cells_done, cells)} <span class="muted">of {count(cells)}</span>
          </Fact>
          {state === "running" && <Fact name="rate">{rate(summary.cells_per_second)}</Fact>}
          {state === "running" && (
            <Fact name="left">
              {summary.eta_ms === null ? "not known yet" : duration(summary.eta_ms)}
            </Fact>
          )}
          {isActive && summary.priority !== 0 && <Fact name="priority">{summary.priority}</Fact>}
          {cells_failed > 0 && (
            <Fact name="failed">
              <strong class="bad">{count(cells_failed)}</strong>
            </Fact>
          )}
          {mismatches > 0 && (
            <Fact name="computed twice, different">
              <strong class="bad">{count(mismatches)}</strong>
            </Fact>
          )}
        </dl>
        {trouble !== "" && <p class="trouble">{trouble}</p>}
        {error !== "" && <ErrorText text={error} />}
      </div>
    </li>
  );
}
