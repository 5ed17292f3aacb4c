import { useEffect, useState } from "preact/hooks";
import { type Announced, announcementOf } from "./announcement.ts";
import { usePage } from "./page_context.ts";

/** Says to readers of screens how the sweep that the page shows goes on, in moderation. */
export function Announcer({ sweep }: { readonly sweep: string | null }) {
  const { store } = usePage();
  const [text, setText] = useState("");
  useEffect(() => {
    let last: Announced | null = null;
    setText("");
    if (sweep === null) return;
    return store.watch(() => {
      const summary = store.state.sweeps.get(sweep);
      if (summary === undefined) return;
      const next = announcementOf(last, summary);
      if (next.text !== "") setText(next.text);
      last = next.announced;
    });
  }, [sweep]);
  return (
    <div class="unseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}
