import { useState } from "preact/hooks";
import type { ControlBody, SweepSummary } from "../../messages.ts";
import { reasonOf } from "../live/api.ts";
import { ConfirmDialog } from "../parts/confirm_dialog.tsx";
import { count } from "../parts/format.ts";
import { usePage } from "../parts/page_context.ts";
import { useSelected } from "../parts/store.ts";
import { PriorityField } from "./priority_field.tsx";

/** What somebody with the role may do with a sweep. */
export function SweepActions({ summary }: { readonly summary: SweepSummary }) {
  const { api, store } = usePage();
  const maySubmit = useSelected(store, (state) => state.hello?.may_submit ?? false);
  const isLive = useSelected(store, (state) => state.connection.state === "live");
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState("");
  const { sweep, state, cells, cells_done } = summary;
  if (state !== "running" && state !== "paused") return null;
  if (!maySubmit)
    return <p class="muted">Reading only: pausing and cancelling need the role submit.</p>;

  const send = async (body: Omit<ControlBody, "sweep">) => {
    setBusy(true);
    setProblem("");
    try {
      const changed = await api.control({ sweep, ...body });
      store.event({ name: "sweeps", data: [changed] });
    } catch (error) {
      setProblem(reasonOf(error));
    }
    setBusy(false);
  };
  const isOff = isBusy || !isLive;
  return (
    <>
      {state === "running" ? (
        <button type="button" disabled={isOff} onClick={() => send({ control: "paused" })}>
          Pause
        </button>
      ) : (
        <button type="button" disabled={isOff} onClick={() => send({ control: "running" })}>
          Resume
        </button>
      )}
      <button type="button" class="danger" disabled={isOff} onClick={() => setAsking(true)}>
        Cancel…
      </button>
      <PriorityField
        key={summary.priority}
        priority={summary.priority}
        disabled={isOff}
        set={(priority) => send({ priority })}
      />
      {problem !== "" && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      {isAsking && (
        <ConfirmDialog
          title={`Cancel ${sweep}?`}
          confirm="Cancel the sweep"
          keep="Keep it"
          close={(isConfirmed) => {
            setAsking(false);
            if (isConfirmed) void send({ control: "cancelled" });
          }}
        >
          <p>
            {count(cells - cells_done)} of {count(cells)} cells are not computed yet. A cancelled
            sweep has no results and cannot be resumed; the {count(cells_done)} cells that are done
            are used again when its file is submitted once more.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
