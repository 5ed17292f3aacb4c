import type { StreamEvents } from "../../coordinator/dashboard/messages.ts";
import { pause } from "./cli.ts";

/** A dashboard as a browser speaks to it. */
export class DashboardClient {
  readonly origin: string;
  private readonly cookie: string | undefined;

  constructor(origin: string, cookie?: string) {
    this.origin = origin;
    this.cookie = cookie;
  }

  /** Goes in by an address that `phasesweep dashboard` printed. */
  static async enter(url: string): Promise<DashboardClient> {
    const { status, headers } = await fetch(url, { redirect: "manual" });
    if (status !== 303) throw new Error(`${url} answers ${status}`);
    return new DashboardClient(new URL(url).origin, headers.get("set-cookie")!.split(";")[0]!);
  }

  get(path: string): Promise<Response> {
    return fetch(`${this.origin}${path}`, { headers: this.headers });
  }

  post(path: string, body: object): Promise<Response> {
    const headers = { ...this.headers, "content-type": "application/json", origin: this.origin };
    const text = JSON.stringify(body);
    return fetch(`${this.origin}${path}`, { method: "POST", headers, body: text });
  }

  /** Follows /api/stream with these parameters, once. */
  follow(query = ""): Followed {
    return new Followed(`${this.origin}/api/stream?${query}`, this.headers);
  }

  private get headers(): Record<string, string> {
    return this.cookie === undefined ? {} : { cookie: this.cookie };
  }
}

type Name = keyof StreamEvents;

/** A stream of events that is read as it comes. */
export class Followed {
  readonly got: { readonly event: Name; readonly data: never }[] = [];
  /** Resolves when it is over, however. */
  readonly over: Promise<void>;
  private readonly abort = new AbortController();
  private isOver = false;

  constructor(url: string, headers: Record<string, string>) {
    this.over = this.read(url, headers)
      .catch(() => {})
      .finally(() => {
        this.isOver = true;
      });
  }

  /** The data of the first event of a name that has come, or comes, and is what is wanted. */
  async has<N extends Name>(
    name: N,
    isWanted: (data: StreamEvents[N]) => boolean = () => true,
  ): Promise<StreamEvents[N]> {
    for (;;) {
      const found = this.got.find(({ event, data }) => event === name && isWanted(data));
      if (found !== undefined) return found.data as StreamEvents[N];
      if (this.isOver) throw new Error(`the stream ended without ${name}`);
      await pause(10);
    }
  }

  close(): Promise<void> {
    this.abort.abort();
    return this.over;
  }

  private async read(url: string, headers: Record<string, string>): Promise<void> {
    const response = await fetch(url, { headers, signal: this.abort.signal });
    if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const [, event, data] = /event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
        if (event !== undefined)
          this.got.push({ event: event as Name, data: JSON.parse(data!) as never });
      }
    }
  }
}
