import type { HttpStream } from "../../../shared/http/http_route.ts";
import { CELLS_UNREAD_MAX } from "../../../shared/limits.ts";
import type { CellsChange, LiveBoundaries, StreamEvents } from "../messages.ts";

type Wire = Parameters<HttpStream["start"]>[0];

/** Where the texts of what changed are. */
export interface StreamTexts {
  sweep(name: string): string | undefined;
  worker(name: string): string | undefined;
  /** The fleet's totals. */
  totals(): string;
  /** Notes from a number on, and the number of the next one; undefined if there are none. */
  notes(since: number): { readonly text: string; readonly next: number } | undefined;
}

/**
 * One who follows a dashboard. What changes is kept as names and ranges until it is sent, and sent
 * only while the reader keeps up: one who is slow hears of the latest state, and nothing piles up.
 */
export class StreamReader {
  private readonly sweeps = new Set<string>();
  private readonly removed = new Set<string>();
  private readonly workers = new Set<string>();
  private readonly left = new Set<string>();
  private readonly wire: Wire;
  private readonly texts: StreamTexts;
  private runs: number[] = [];
  private cellsOf: { readonly sweep: string; readonly version: string } | undefined;
  /** Its cells are others, or more than would be kept: they are to be fetched anew. */
  private plan: StreamEvents["plan"] | undefined;
  private boundaries: LiveBoundaries | undefined;
  private totals = "";
  private notesSeen = 0;
  /** More came than is kept: whoever is to fetch all cells needs none of those. */
  private isOverrun = false;
  /** Whether all sweeps were told, also where that are none: the reader may know others from before. */
  private hasSweeps = false;
  private isBusy = false;
  private isOver = false;
  /** When something was sent last. */
  private sent_ms = Number.NEGATIVE_INFINITY;

  constructor(wire: Wire, texts: StreamTexts) {
    this.wire = wire;
    this.texts = texts;
  }

  addSweeps(changed: Iterable<string>, removed: Iterable<string>): void {
    move(changed, this.removed, this.sweeps);
    move(removed, this.sweeps, this.removed);
  }

  addWorkers(changed: Iterable<string>, left: Iterable<string>): void {
    move(changed, this.left, this.workers);
    move(left, this.workers, this.left);
  }

  addCells({ sweep, version, runs }: CellsChange): void {
    if (this.isOverrun) return;
    if (this.cellsOf?.version !== version) this.runs = [];
    this.cellsOf = { sweep, version };
    for (const number of runs) this.runs.push(number);
    if (this.runs.length <= CELLS_UNREAD_MAX) return;
    this.addPlan({ sweep, version });
    this.isOverrun = true;
  }

  addPlan(plan: StreamEvents["plan"]): void {
    this.plan = plan;
    this.runs = [];
    this.cellsOf = undefined;
    this.isOverrun = false;
  }

  addBoundaries(boundaries: LiveBoundaries): void {
    this.boundaries = boundaries;
  }

  /** Sends what there is to say, if the reader keeps up. */
  flush(now_ms: number, { withTotals }: { readonly withTotals: boolean }): void {
    if (this.isBusy || this.isOver) return;
    const text = [
      this.takeNames("removed", this.removed),
      this.takeSweeps(),
      this.takePlan(),
      this.takeCells(),
      this.takeBoundaries(),
      this.takeFleet(withTotals),
      this.takeNotes(),
    ].join("");
    if (text !== "") this.send(text, now_ms);
  }

  /** Keeps the line open, for those between, after a silence. */
  beat(now_ms: number, silence_ms: number): void {
    if (!this.isBusy && !this.isOver && now_ms - this.sent_ms >= silence_ms) {
      this.send(": still here\n\n", now_ms);
    }
  }

  /** The first of all. */
  hello(hello: StreamEvents["hello"], now_ms: number): void {
    this.send(`retry: 1000\n${eventText("hello", JSON.stringify(hello))}`, now_ms);
  }

  goodbye(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.wire.send(eventText("goodbye", JSON.stringify({ reason })));
    this.wire.end();
  }

  private send(text: string, now_ms: number): void {
    this.sent_ms = now_ms;
    if (this.wire.send(text)) return;
    this.isBusy = true;
    void this.wire.drained().then(() => {
      this.isBusy = false;
    });
  }

  private takeNames(event: keyof StreamEvents, names: Set<string>): string {
    if (names.size === 0) return "";
    const text = JSON.stringify([...names]);
    names.clear();
    return eventText(event, text);
  }

  private takeSweeps(): string {
    const texts = [...this.sweeps].flatMap((name) => this.texts.sweep(name) ?? []);
    this.sweeps.clear();
    if (texts.length === 0 && this.hasSweeps) return "";
    this.hasSweeps = true;
    return eventText("sweeps", `[${texts.join(",")}]`);
  }

  private takePlan(): string {
    const { plan } = this;
    this.plan = undefined;
    this.isOverrun = false;
    return plan === undefined ? "" : eventText("plan", JSON.stringify(plan));
  }

  private takeCells(): string {
    const { cellsOf, runs } = this;
    this.cellsOf = undefined;
    this.runs = [];
    if (cellsOf === undefined || runs.length === 0) return "";
    return eventText("cells", JSON.stringify({ ...cellsOf, runs } satisfies CellsChange));
  }

  private takeBoundaries(): string {
    const { boundaries } = this;
    this.boundaries = undefined;
    return boundaries === undefined ? "" : eventText("boundaries", JSON.stringify(boundaries));
  }

  private takeFleet(withTotals: boolean): string {
    const totals = withTotals ? this.texts.totals() : this.totals;
    const hasWorkers = this.workers.size > 0 || this.left.size > 0;
    if (totals === "" || (totals === this.totals && !hasWorkers)) return "";
    this.totals = totals;
    const workers = [...this.workers].flatMap((name) => this.texts.worker(name) ?? []);
    const left = JSON.stringify([...this.left]);
    this.workers.clear();
    this.left.clear();
    return eventText(
      "fleet",
      `{"totals":${totals},"workers":[${workers.join(",")}],"left":${left}}`,
    );
  }

  private takeNotes(): string {
    const notes = this.texts.notes(this.notesSeen);
    if (notes === undefined) return "";
    this.notesSeen = notes.next;
    return eventText("notes", notes.text);
  }
}

/** What came and what went are told once: as what it was last. */
function move(names: Iterable<string>, from: Set<string>, to: Set<string>): void {
  for (const name of names) {
    from.delete(name);
    to.add(name);
  }
}

/** JSON has no line ends, so that it is one line of data. */
function eventText(event: keyof StreamEvents, json: string): string {
  return `event: ${event}\ndata: ${json}\n\n`;
}
