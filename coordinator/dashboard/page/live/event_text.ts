/** An event of a text/event-stream: its name, and its data. */
export interface TextEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * Reads server-sent events (HTML Living Standard, 9.2.6) from pieces of text that may end anywhere.
 * The page does not use EventSource, which tells neither the status nor the reason of a refusal.
 */
export class EventReader {
  #rest = "";
  #name = "";
  readonly #data: string[] = [];

  /** The events that end in this piece. */
  read(piece: string): TextEvent[] {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop()!;
    const events: TextEvent[] = [];
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0)
          events.push({ name: this.#name || "message", data: this.#data.join("\n") });
        this.#name = "";
        this.#data.length = 0;
      } else {
        this.#field(line);
      }
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
  }
}
