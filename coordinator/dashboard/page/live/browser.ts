/** What the page needs of the browser beside its document; tests give their own. */
export interface Browser {
  readonly fetch: (path: string, options?: RequestInit) => Promise<Response>;
  /** Calls back later; the returned function forgets it. */
  readonly later: (callback: () => void, delay_ms: number) => () => void;
  /** From 0 to 1. */
  readonly random: () => number;
}
