import { useMemo, useState } from "preact/hooks";
import type { MapView } from "../map/views.ts";
import { count, counted } from "../parts/format.ts";

/** More than these are searched, and so many of what is found are offered. */
const VIEWS_MAX = 100;

interface Props {
  readonly views: readonly MapView[];
  readonly view: MapView;
  readonly choose: (view: string) => void;
}

/** Which shape group or plane the map shows. */
export function ViewChooser({ views, view, choose }: Props) {
  const [search, setSearch] = useState("");
  const found = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    return views.filter(({ label }) => {
      const text = label.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [views, search]);
  const offered = found.slice(0, VIEWS_MAX);
  if (!offered.includes(view)) offered.unshift(view);
  if (views.length === 1) return <p class="view-name">{view.label}</p>;
  return (
    <div class="chooser">
      {views.length > VIEWS_MAX && (
        <label class="field">
          Search{" "}
          <input
            type="search"
            value={search}
            placeholder={counted(views.length, "group")}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        </label>
      )}
      <label class="field wide">
        Shown{" "}
        <select value={view.id} onChange={({ currentTarget }) => choose(currentTarget.value)}>
          {offered.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {found.length > VIEWS_MAX && (
        <span class="muted">
          the first {VIEWS_MAX} of {count(found.length)} matches
        </span>
      )}
    </div>
  );
}
