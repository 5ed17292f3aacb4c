import { query, refusalOf } from "./api.ts";
import type { Browser } from "./browser.ts";
import { EventReader } from "./event_text.ts";
import type { Connection, NamedEvent } from "./page_state.ts";

/** First and longest pause before the stream is opened again; it doubles in between. */
const PAUSE_MS = 500;
const PAUSE_MS_MAX = 15_000;
/** A stream that is silent for so long is given up: the server's beats come every 4 s. */
const SILENCE_MS_MAX = 20_000;

/** What the stream is to tell beside the sweeps. */
export interface Topics {
  readonly sweep: string | null;
  readonly fleet: boolean;
}

/** Who hears of events, and of how the stream stands. */
export interface StreamListener {
  readonly event: (event: NamedEvent) => void;
  readonly connection: (connection: Connection) => void;
}

/**
 * The pause before attempt number `attempt` (from 0) to connect again: exponential, and by up to a
 * half longer at random, so that the pages of a coordinator that died do not come back all at once.
 */
export function pauseBefore(attempt: number, random: number): number {
  return Math.min(PAUSE_MS * 2 ** attempt, PAUSE_MS_MAX) * (1 + random / 2);
}

/** The one stream of a tab: open while it has topics, opened again after whatever ends it. */
export class LiveStream {
  readonly #browser: Browser;
  readonly #listener: StreamListener;
  #topics: Topics | null = null;
  #abort: AbortController | null = null;
  #forgetPause: () => void = () => {};
  #attempt = 0;

  constructor(browser: Browser, listener: StreamListener) {
    this.#browser = browser;
    this.#listener = listener;
  }

  /** Opens the stream with these topics; null closes it, as in a tab that nobody sees. */
  follow(topics: Topics | null): void {
    if (topics?.sweep === this.#topics?.sweep && topics?.fleet === this.#topics?.fleet) return;
    this.#topics = topics;
    this.#attempt = 0;
    this.#close();
    if (topics === null) this.#listener.connection({ state: "asleep", reason: "" });
    else void this.#open(topics);
  }

  /** Tries now instead of after the pause. */
  retry(): void {
    this.#attempt = 0;
    this.#close();
    if (this.#topics !== null) void this.#open(this.#topics);
  }

  #close(): void {
    this.#forgetPause();
    this.#abort?.abort();
    this.#abort = null;
  }

  async #open({ sweep, fleet }: Topics): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const fields = { ...(sweep === null ? {} : { sweep }), ...(fleet ? { fleet: 1 } : {}) };
    let ended: Connection;
    try {
      const forget = this.#browser.later(() => abort.abort(), SILENCE_MS_MAX);
      const response = await this.#browser
        .fetch(`api/stream?${query(fields)}`, {
          headers: { Accept: "text/event-stream" },
          signal: abort.signal,
        })
        .finally(forget);
      ended = response.ok ? await this.#read(response, abort) : await refused(response);
    } catch {
      ended = { state: "reconnecting", reason: "the coordinator cannot be reached" };
    }
    if (this.#abort !== abort) return;
    this.#abort = null;
    this.#listener.connection(ended);
    const pause_ms = pauseBefore(this.#attempt++, this.#browser.random());
    this.#forgetPause = this.#browser.later(() => {
      if (this.#topics !== null) void this.#open(this.#topics);
    }, pause_ms);
  }

  /** Hands events on until the stream ends, and says how it did. */
  async #read(response: Response, abort: AbortController): Promise<Connection> {
    const events = new EventReader();
    const decoder = new TextDecoder();
    const reader = response.body!.getReader();
    let reason = "the connection was lost";
    for (;;) {
      const forget = this.#browser.later(() => abort.abort(), SILENCE_MS_MAX);
      const { done, value } = await reader.read().finally(forget);
      if (this.#abort !== abort || done) break;
      for (const { name, data } of events.read(decoder.decode(value, { stream: true }))) {
        const event = { name, data: JSON.parse(data) } as NamedEvent;
        if (event.name === "hello") this.#attempt = 0;
        if (event.name === "goodbye") reason = event.data.reason;
        this.#listener.event(event);
      }
    }
    return { state: "reconnecting", reason };
  }
}

async function refused(response: Response): Promise<Connection> {
  const { message: reason } = await refusalOf(response);
  if (response.status === 401 || response.status === 403) return { state: "signed_out", reason };
  if (response.status === 503) return { state: "standby", reason };
  return { state: "reconnecting", reason };
}
