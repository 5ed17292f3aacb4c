import { useEffect, useMemo, useState } from "preact/hooks";
import type { WorkerSummary } from "../../messages.ts";
import { count, rate } from "../parts/format.ts";
import { usePage } from "../parts/page_context.ts";
import { Pager } from "../parts/pager.tsx";
import { addressOf } from "../parts/routes.ts";
import { ScrollRegion } from "../parts/scroll_region.tsx";
import { useSelected } from "../parts/store.ts";
import {
  orderedWorkers,
  type WorkerColumn,
  type WorkerOrder,
  workerState,
} from "./worker_order.ts";

const PAGE_WORKERS = 100;

const COLUMNS: readonly {
  readonly column: WorkerColumn;
  readonly text: string;
  readonly isNumber: boolean;
}[] = [
  { column: "worker", text: "worker", isNumber: false },
  { column: "host", text: "host", isNumber: false },
  { column: "state", text: "state", isNumber: false },
  { column: "slots", text: "slots", isNumber: true },
  { column: "leases", text: "leases", isNumber: true },
  { column: "cells_per_second", text: "cells", isNumber: true },
  { column: "blame", text: "blame", isNumber: true },
  { column: "doubts", text: "doubts", isNumber: true },
];

/** The fleet as a table that can be searched and sorted. */
export function WorkerTable({ selected }: { readonly selected: string | null }) {
  const { store } = usePage();
  const workers = useSelected(store, (state) => state.workers);
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<WorkerOrder>({ column: "worker", isDescending: false });
  const [page, setPage] = useState(0);
  useEffect(() => setPage(0), [search, order]);
  const found = useMemo(
    () => orderedWorkers(workers.values(), search, order),
    [workers, search, order],
  );
  const at = Math.min(page, Math.max(0, Math.ceil(found.length / PAGE_WORKERS) - 1));
  return (
    <section class="block" aria-labelledby="workers">
      <h2 id="workers">Workers</h2>
      <label class="field">
        Search{" "}
        <input
          type="search"
          value={search}
          placeholder="name, host, class, state"
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        />
      </label>
      {found.length === 0 ? (
        <p class="muted">
          {workers.size === 0 ? "There are no workers." : "No worker is like that."}
        </p>
      ) : (
        <ScrollRegion label="Table of workers">
          <table>
            <caption class="unseen">Workers; a press on a heading sorts by it</caption>
            <thead>
              <tr>
                {COLUMNS.map(({ column, text, isNumber }) => (
                  <th
                    key={column}
                    scope="col"
                    class={isNumber ? "number" : undefined}
                    aria-sort={ariaSort(order, column)}
                  >
                    <button
                      type="button"
                      class="sort"
                      onClick={() => setOrder(sortedBy(order, column, isNumber))}
                    >
                      {text}
                      <span aria-hidden="true">{sign(order, column)}</span>
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {found.slice(at * PAGE_WORKERS, (at + 1) * PAGE_WORKERS).map((each) => (
                <WorkerRow key={each.worker} worker={each} isSelected={each.worker === selected} />
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      <Pager rows={found.length} page_rows={PAGE_WORKERS} page={at} noun="worker" turn={setPage} />
    </section>
  );
}

function WorkerRow({ worker, isSelected }: { worker: WorkerSummary; isSelected: boolean }) {
  const state = workerState(worker);
  return (
    <tr class={`${state} ${isSelected ? "selected" : ""}`}>
      <th scope="row">
        <a
          href={addressOf({ page: "fleet", worker: worker.worker })}
          aria-current={isSelected ? "true" : undefined}
        >
          {worker.worker}
        </a>
      </th>
      <td>{worker.host}</td>
      <td>
        <span class={`worker-state ${state}`}>{state}</span>
      </td>
      <td class="number">{count(worker.slots)}</td>
      <td class="number">{count(worker.leases)}</td>
      <td class="number">{rate(worker.cells_per_second)}</td>
      <td class={worker.blame > 0 ? "number bad" : "number"}>{worker.blame}</td>
      <td class={worker.doubts > 0 ? "number part" : "number"}>{worker.doubts}</td>
    </tr>
  );
}

/** Numbers are first sorted from the largest: that is what one looks for. */
function sortedBy(order: WorkerOrder, column: WorkerColumn, isNumber: boolean): WorkerOrder {
  if (order.column !== column) return { column, isDescending: isNumber };
  return { column, isDescending: !order.isDescending };
}

function ariaSort(order: WorkerOrder, column: WorkerColumn) {
  if (order.column !== column) return undefined;
  return order.isDescending ? "descending" : "ascending";
}

function sign(order: WorkerOrder, column: WorkerColumn): string {
  if (order.column !== column) return "";
  return order.isDescending ? " ▾" : " ▴";
}
