import type { SweepSummary } from "../../messages.ts";
import { reportPath } from "../live/api.ts";
import { StateBadge } from "../parts/state_badge.tsx";
import { SweepActions } from "./sweep_actions.tsx";

export function SweepHeading({ summary }: { readonly summary: SweepSummary }) {
  const { sweep, description, state } = summary;
  return (
    <div class="heading">
      <div class="names">
        <h1>
          {sweep} <StateBadge state={state} />
        </h1>
        {description !== "" && <p class="muted">{description}</p>}
      </div>
      <div class="actions">
        {state === "done" && (
          <a class="button primary" href={reportPath(sweep)} target="_blank" rel="noopener">
            Report
          </a>
        )}
        <SweepActions summary={summary} />
      </div>
    </div>
  );
}
