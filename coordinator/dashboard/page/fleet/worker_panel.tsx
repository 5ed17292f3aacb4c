import { useEffect, useRef, useState } from "preact/hooks";
import type { WorkerDetail } from "../../messages.ts";
import { reasonOf } from "../live/api.ts";
import { Fact } from "../parts/fact.tsx";
import { count, duration, percent, rate } from "../parts/format.ts";
import { usePage } from "../parts/page_context.ts";
import { addressOf } from "../parts/routes.ts";
import { ScrollRegion } from "../parts/scroll_region.tsx";
import { useSelected } from "../parts/store.ts";
import { workerState } from "./worker_order.ts";

/** One worker with the leases that it holds. */
export function WorkerPanel({ worker }: { readonly worker: string }) {
  const { detail, problem } = useWorker(worker);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current!.focus(), []);
  return (
    <section class="block worker-panel" aria-labelledby="worker">
      <div class="panel-heading">
        <h2 id="worker" tabIndex={-1} ref={heading}>
          {worker}
        </h2>
        <a class="button" href={addressOf({ page: "fleet", worker: null })}>
          Close
        </a>
      </div>
      {problem !== "" && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      {detail !== null && <Details detail={detail} />}
    </section>
  );
}

function Details({ detail }: { readonly detail: WorkerDetail }) {
  return (
    <>
      <dl class="facts">
        <Fact name="state">{workerState(detail)}</Fact>
        <Fact name="host">{detail.host}</Fact>
        <Fact name="version">{detail.version}</Fact>
        <Fact name="classes">{detail.numeric_classes.join(", ")}</Fact>
        <Fact name="kernels">{detail.kernel_versions.join(", ")}</Fact>
        <Fact name="cells">{rate(detail.cells_per_second)}</Fact>
        <Fact name="blame">{detail.blame}</Fact>
        <Fact name="doubts">{detail.doubts}</Fact>
      </dl>
      {detail.held.length === 0 ? (
        <p class="muted">It holds no lease.</p>
      ) : (
        <>
          <h3>Leases that it holds</h3>
          <ScrollRegion label={`Leases of ${detail.worker}`}>
            <table class="stacks" aria-label="Leases that it holds">
              <thead>
                <tr>
                  <th scope="col">sweep</th>
                  <th scope="col" class="number">
                    cells
                  </th>
                  <th scope="col" class="number">
                    done
                  </th>
                  <th scope="col" class="number">
                    runs out in
                  </th>
                  <th scope="col">twin</th>
                </tr>
              </thead>
              <tbody>
                {detail.held.map(
                  ({ lease, sweep, first_cell, cells, cells_done, left_ms, has_twin }) => (
                    <tr key={lease}>
                      <th scope="row">
                        <a href={addressOf({ page: "sweep", sweep, cell: null })}>{sweep}</a>
                      </th>
                      <td class="number" data-head="cells">
                        {count(first_cell)} … {count(first_cell + cells - 1)}
                      </td>
                      <td class="number" data-head="done">
                        {percent(cells_done, cells)}
                      </td>
                      <td class="number" data-head="runs out in">
                        {duration(left_ms)}
                      </td>
                      <td data-head="twin">{has_twin ? "another worker has them too" : ""}</td>
                    </tr>
                  ),
                )}
              </tbody>
            </table>
          </ScrollRegion>
        </>
      )}
    </>
  );
}

/** Fetched again when the stream says that the worker changed. */
function useWorker(worker: string) {
  const { api, store } = usePage();
  const summary = useSelected(store, (state) => state.workers.get(worker));
  const [detail, setDetail] = useState<WorkerDetail | null>(null);
  const [problem, setProblem] = useState("");
  const isAsking = useRef(false);
  useEffect(() => {
    if (isAsking.current) return;
    isAsking.current = true;
    api
      .worker(worker)
      .then(
        (found) => {
          setDetail(found);
          setProblem("");
        },
        (error) => setProblem(reasonOf(error)),
      )
      .finally(() => {
        isAsking.current = false;
      });
  }, [worker, summary]);
  return { detail, problem };
}
