import { useState } from "preact/hooks";
import { usePage } from "../parts/page_context.ts";
import { Pager } from "../parts/pager.tsx";
import { addressOf } from "../parts/routes.ts";
import { useSelected } from "../parts/store.ts";
import { FleetTotals } from "./fleet_totals.tsx";
import { SweepRow } from "./sweep_row.tsx";

const PAGE_SWEEPS = 50;

/** All sweeps, newest first. */
export function SweepList() {
  const { store } = usePage();
  const sweeps = useSelected(store, (state) => state.sweeps);
  const hello = useSelected(store, (state) => state.hello);
  const [page, setPage] = useState(0);
  const names = [...sweeps.values()];
  const at = Math.min(page, Math.max(0, Math.ceil(names.length / PAGE_SWEEPS) - 1));
  return (
    <>
      <div class="heading">
        <h1>Sweeps</h1>
        <FleetTotals />
      </div>
      {names.length === 0 ? (
        <div class="empty">
          {hello === null ? (
            <p>Nothing has come from the coordinator yet.</p>
          ) : (
            <>
              <p>There are no sweeps.</p>
              {hello.may_submit && !hello.single_sweep && (
                <p>
                  <a href={addressOf({ page: "submit" })}>Submit one here</a>, or with{" "}
                  <code>phasesweep submit SWEEP.yaml</code>.
                </p>
              )}
            </>
          )}
        </div>
      ) : (
        <ul class="sweeps">
          {names.slice(at * PAGE_SWEEPS, (at + 1) * PAGE_SWEEPS).map((summary) => (
            <SweepRow key={summary.sweep} summary={summary} />
          ))}
        </ul>
      )}
      <Pager rows={names.length} page_rows={PAGE_SWEEPS} page={at} noun="sweep" turn={setPage} />
    </>
  );
}
