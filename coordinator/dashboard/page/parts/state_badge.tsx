import type { SweepState } from "../../messages.ts";

/** Beside its colour every state has a sign and its name. */
const SIGNS: Readonly<Record<SweepState, string>> = {
  running: "▸",
  paused: "‖",
  merging: "≡",
  done: "✓",
  failed: "✕",
  cancelled: "⊘",
};

export function StateBadge({ state }: { readonly state: SweepState }) {
  return (
    <span class={`badge ${state}`}>
      <span aria-hidden="true">{SIGNS[state]} </span>
      {state}
    </span>
  );
}
