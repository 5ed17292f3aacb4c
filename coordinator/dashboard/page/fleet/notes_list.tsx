import type { Note } from "../../messages.ts";
import { timeOfDay } from "../parts/format.ts";
import { usePage } from "../parts/page_context.ts";
import { ScrollRegion } from "../parts/scroll_region.tsx";
import { useSelected } from "../parts/store.ts";

/** What operators are told, newest first. */
export function NotesList() {
  const { store } = usePage();
  const notes = useSelected(store, (state) => state.notes);
  return (
    <section class="block" aria-labelledby="notes">
      <h2 id="notes">Notes of the coordinator</h2>
      {notes.length === 0 ? (
        <p class="muted">There are none.</p>
      ) : (
        <ScrollRegion label="Last notes" class="notes">
          <ol>
            {notes.toReversed().map((note, index) => (
              <NoteLine key={notes.length - index} note={note} />
            ))}
          </ol>
        </ScrollRegion>
      )}
    </section>
  );
}

function NoteLine({ note }: { readonly note: Note }) {
  const { at_ms, level, message, fields } = note;
  const named = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return (
    <li class={level}>
      <time dateTime={new Date(at_ms).toISOString()}>{timeOfDay(at_ms)}</time>
      <strong>{level}</strong>
      <span>
        {message} <span class="muted">{named.join(" ")}</span>
      </span>
    </li>
  );
}
