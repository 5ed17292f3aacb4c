import { useEffect, useMemo, useState } from "preact/hooks";
import { viewsOf } from "../map/views.ts";
import { ErrorText } from "../parts/error_text.tsx";
import { usePage } from "../parts/page_context.ts";
import { ProgressBar } from "../parts/progress_bar.tsx";
import { addressOf } from "../parts/routes.ts";
import { useSelected } from "../parts/store.ts";
import { BoundariesTable } from "./boundaries_table.tsx";
import { CellPanel } from "./cell_panel.tsx";
import { FailuresList } from "./failures_list.tsx";
import { MapSection } from "./map_section.tsx";
import { MeasuresSection } from "./measures_section.tsx";
import { ProgressFacts } from "./progress_facts.tsx";
import { SweepFacts } from "./sweep_facts.tsx";
import { SweepHeading } from "./sweep_heading.tsx";
import { useSweepData } from "./use_sweep_data.ts";

interface Props {
  readonly sweep: string;
  readonly cell: number | null;
}

/** All of one sweep. */
export function SweepPage({ sweep, cell }: Props) {
  const { store } = usePage();
  const summary = useSelected(store, (state) => state.sweeps.get(sweep));
  const hello = useSelected(store, (state) => state.hello);
  const live = useSelected(store, (state) => state.boundaries);
  const { data, generation, listen } = useSweepData(sweep, summary?.cells_failed ?? 0);
  const { plan } = data;
  const views = useMemo(() => (plan === null ? [] : viewsOf(plan)), [plan]);
  const [chosen, setChosen] = useState("");
  const view = views.find(({ id }) => id === chosen) ?? views[0];
  const boundaries = live?.sweep === sweep ? live : null;
  const openCell = (next: number | null) => showCell(sweep, next);
  useEscape(cell !== null, () => openCell(null));

  if (summary === undefined) {
    return (
      <>
        <h1>{sweep}</h1>
        <p class="empty">
          {hello === null
            ? "Nothing has come from the coordinator yet."
            : "There is no such sweep. "}
          <a href={addressOf({ page: "sweeps" })}>All sweeps</a>
        </p>
      </>
    );
  }
  return (
    <div class={cell === null ? "sweep-page" : "sweep-page with-panel"}>
      <div class="sweep-main">
        <SweepHeading summary={summary} />
        <section aria-label="Progress" class="block">
          <ProgressBar summary={summary} />
          <ProgressFacts summary={summary} />
          {summary.trouble !== "" && <p class="trouble">{summary.trouble}</p>}
          {summary.error !== "" && (
            <div role="alert">
              <ErrorText text={summary.error} />
            </div>
          )}
        </section>
        {data.problem !== "" && (
          <p class="error" role="alert">
            {data.problem}
          </p>
        )}
        {plan !== null && view !== undefined && (
          <>
            <MapSection
              {...{ data, plan, views, view, generation, listen, boundaries, cell, openCell }}
              choose={setChosen}
            />
            <MeasuresSection sweep={sweep} plan={plan} view={view} boundaries={boundaries} />
            <BoundariesTable plan={plan} views={views} boundaries={boundaries} choose={setChosen} />
          </>
        )}
        <FailuresList sweep={sweep} failures={data.failures} total={summary.cells_failed} />
        <SweepFacts summary={summary} plan={plan} />
      </div>
      {cell !== null && (
        <CellPanel
          {...{ sweep, cell, plan, openCell }}
          state={summary.state}
          code={data.states[cell] ?? null}
          generation={generation}
        />
      )}
    </div>
  );
}

/** The panel is a place of its own; going from cell to cell in it is no step of the history. */
function showCell(sweep: string, cell: number | null): void {
  const address = addressOf({ page: "sweep", sweep, cell });
  if (/^#\/sweep\/[^/]*\/\d+$/.test(location.hash) && cell !== null) {
    history.replaceState(null, "", address);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = address;
  }
}

function useEscape(isOn: boolean, leave: () => void): void {
  useEffect(() => {
    if (!isOn) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.key === "Escape" && document.querySelector("dialog[open]") === null) leave();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [isOn]);
}
