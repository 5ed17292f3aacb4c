import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Api } from "../live/api.ts";
import type { Browser } from "../live/browser.ts";
import type { Frames } from "../map/map_painter.ts";
import type { Scheme } from "../map/palette.ts";
import type { Store } from "./store.ts";

/** What all components have of the page. */
export interface Page {
  readonly store: Store;
  readonly api: Api;
  readonly browser: Browser;
  readonly frames: Frames;
  /** Of the colours that are in force. */
  readonly scheme: Scheme;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  return useContext(PageContext)!;
}
