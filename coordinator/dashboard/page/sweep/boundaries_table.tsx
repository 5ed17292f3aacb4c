import { useMemo, useState } from "preact/hooks";
import type { LiveBoundaries, LiveBoundary, SweepPlan } from "../../messages.ts";
import type { MapView } from "../map/views.ts";
import { groupLabel } from "../map/views.ts";
import { measured } from "../parts/format.ts";
import { Pager } from "../parts/pager.tsx";
import { ScrollRegion } from "../parts/scroll_region.tsx";

const PAGE_GROUPS = 25;

interface Props {
  readonly plan: SweepPlan;
  readonly views: readonly MapView[];
  readonly boundaries: LiveBoundaries | null;
  readonly choose: (view: string) => void;
}

/** η0 and η1 of every shape group, as they sharpen. */
export function BoundariesTable({ plan, views, boundaries, choose }: Props) {
  const [page, setPage] = useState(0);
  const labels = useMemo(() => {
    const byGroup = new Map(views.map(({ id, label }) => [id, label]));
    return (shape_group: string) => {
      const group = plan.groups.find((each) => each.shape_group === shape_group);
      return byGroup.get(shape_group) ?? (group === undefined ? shape_group : groupLabel(group));
    };
  }, [plan, views]);
  const groups = boundaries?.groups ?? [];
  const first = page * PAGE_GROUPS;
  return (
    <section class="block" aria-labelledby="boundaries">
      <h2 id="boundaries">Boundaries</h2>
      {groups.length === 0 ? (
        <p class="muted">None is known yet.</p>
      ) : (
        <>
          <p class="muted" id="boundaries-are">
            Medians over seeds, and their {Number((100 * plan.confidence).toPrecision(4))} %
            bootstrap intervals
          </p>
          <ScrollRegion label="Table of boundaries">
            <table class="stacks" aria-describedby="boundaries-are">
              <thead>
                <tr>
                  <th scope="col">group</th>
                  <th scope="col" class="number">
                    η₀, not lazy from here
                  </th>
                  <th scope="col" class="number">
                    η₁, divergent from here
                  </th>
                  <th scope="col" class="number">
                    seeds known
                  </th>
                </tr>
              </thead>
              <tbody>
                {groups
                  .slice(first, first + PAGE_GROUPS)
                  .map(({ shape_group, seeds, eta0, eta1 }) => (
                    <tr key={shape_group}>
                      <th scope="row">
                        <button type="button" class="link" onClick={() => choose(shape_group)}>
                          {labels(shape_group)}
                        </button>
                      </th>
                      <td class="number" data-head="η₀, not lazy from">
                        {boundaryText(eta0)}
                      </td>
                      <td class="number" data-head="η₁, divergent from">
                        {boundaryText(eta1)}
                      </td>
                      <td class="number" data-head="seeds known">
                        {eta0.seeds_known} and {eta1.seeds_known} of {seeds}
                      </td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </ScrollRegion>
        </>
      )}
      <Pager rows={groups.length} page_rows={PAGE_GROUPS} page={page} noun="group" turn={setPage} />
    </section>
  );
}

/** "1.900 [1.780, 1.989]", "above the grid", "–". */
export function boundaryText({ median, beyond, low, high, seeds_known }: LiveBoundary): string {
  if (median === null) return beyond === null ? "–" : `${beyond} the grid`;
  // One seed has no interval.
  if ((low === null && high === null) || seeds_known === 1) return measured(median);
  const ends = [low === null ? "below" : measured(low), high === null ? "above" : measured(high)];
  return `${measured(median)} [${ends.join(", ")}]`;
}
