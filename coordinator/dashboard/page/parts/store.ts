import { useEffect, useRef, useState } from "preact/hooks";
import {
  type Connection,
  type NamedEvent,
  NOTHING_YET,
  type PageState,
  reduce,
  withConnection,
} from "../live/page_state.ts";

/** The state of the page, and who is to hear of events. */
export class Store {
  state: PageState = NOTHING_YET;
  readonly #watchers = new Set<() => void>();
  readonly #listeners = new Set<(event: NamedEvent) => void>();
  readonly #soon: (callback: () => void) => void;
  #isAsked = false;

  /** `soon` calls back before the next frame: many events make one rendering. */
  constructor(soon: (callback: () => void) => void) {
    this.#soon = soon;
  }

  event(event: NamedEvent): void {
    this.#set(reduce(this.state, event));
    for (const listener of this.#listeners) listener(event);
  }

  connection(connection: Connection): void {
    this.#set(withConnection(this.state, connection));
  }

  /** Hears of every event, at once. Returns what ends it. */
  listen(listener: (event: NamedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #set(state: PageState): void {
    if (state === this.state) return;
    this.state = state;
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#soon(() => {
      this.#isAsked = false;
      for (const watcher of this.#watchers) watcher();
    });
  }
}

/** A part of the state; the component is rendered again when it is another one. */
export function useSelected<T>(store: Store, select: (state: PageState) => T): T {
  const [, rerender] = useState({});
  const selected = select(store.state);
  // Of the last rendering: what is selected may depend on what is shown.
  const latest = useRef({ select, selected });
  latest.current = { select, selected };
  useEffect(
    () =>
      store.watch(() => {
        const { select, selected } = latest.current;
        if (!Object.is(select(store.state), selected)) rerender({});
      }),
    [store],
  );
  return selected;
}
