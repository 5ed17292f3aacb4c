import { Fact } from "../parts/fact.tsx";
import { count, rate } from "../parts/format.ts";
import { usePage } from "../parts/page_context.ts";
import { useSelected } from "../parts/store.ts";

/** The fleet in one line. */
export function FleetTotals() {
  const { store } = usePage();
  const totals = useSelected(store, (state) => state.totals);
  if (totals === null) return null;
  const { workers, connected, draining, slots, leases, cells_per_second } = totals;
  return (
    <dl class="totals" aria-label="Fleet">
      <Fact name="workers">
        {count(connected)}
        {connected < workers && <span class="muted"> of {count(workers)}</span>}
      </Fact>
      {draining > 0 && <Fact name="draining">{count(draining)}</Fact>}
      <Fact name="slots">{count(slots)}</Fact>
      <Fact name="leases">{count(leases)}</Fact>
      <Fact name="cells">{rate(cells_per_second)}</Fact>
    </dl>
  );
}
