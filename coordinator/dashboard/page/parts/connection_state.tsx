import type { Connection } from "../live/page_state.ts";
import { usePage } from "./page_context.ts";
import { useSelected } from "./store.ts";

const TEXTS: Readonly<Record<Connection["state"], string>> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  standby: "Standby",
  signed_out: "Signed out",
  asleep: "Asleep",
};

/** How the page stands with the coordinator, always in sight and spoken when it changes. */
export function ConnectionState({ retry }: { readonly retry: () => void }) {
  const { store } = usePage();
  const { state, reason } = useSelected(store, (all) => all.connection);
  const hello = useSelected(store, (all) => all.hello);
  const host = state === "live" && hello !== null ? hello.host : "";
  return (
    <div
      class={`connection ${state}`}
      title={hello === null ? "" : `phasesweep ${hello.version} on ${hello.host}`}
    >
      <span class="dot" aria-hidden="true" />
      <span role="status" aria-live="polite">
        <strong>{TEXTS[state]}</strong>
        {host !== "" && <span class="muted"> {host}</span>}
        {reason !== "" && <span class="reason"> {reason}</span>}
      </span>
      {(state === "reconnecting" || state === "standby" || state === "signed_out") && (
        <button type="button" class="small" onClick={retry}>
          Try now
        </button>
      )}
    </div>
  );
}
