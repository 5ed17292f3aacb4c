import type { Clock } from "../../../shared/clock.ts";
import { messageOf } from "../../../shared/errors.ts";
import type { HttpAnswer, HttpRequest, HttpStream } from "../../../shared/http/http_route.ts";
import { HTTP_STREAMS_MAX } from "../../../shared/limits.ts";
import { refusal } from "../api_answers.ts";
import type { Hello } from "../messages.ts";
import type { SweepViews } from "../views/sweep_views.ts";
import type { FleetFeed } from "./fleet_feed.ts";
import type { NoteRing } from "./note_ring.ts";
import { StreamReader } from "./stream_reader.ts";
import type { SweepFeed, SweepSource } from "./sweep_feed.ts";

/** Readers hear of changes at most this often. */
const PULSE_MS = 250;
/** Every so many pulses, once a second, fleets and roles are looked at. */
const SLOW_PULSES = 4;
/**
 * After so long a silence something is sent, so that nobody between closes the connection, and a
 * reader who hears nothing for some of these knows that something is wrong.
 */
const BEAT_MS = 4_000;

export interface StreamsOptions {
  readonly clock: Clock;
  readonly source: SweepSource;
  readonly sweeps: SweepFeed;
  readonly fleet: FleetFeed;
  readonly notes: NoteRing;
  readonly views: Pick<SweepViews, "follow">;
  /** What readers are told first, but for what each may do. */
  readonly hello: () => Omit<Hello, "may_submit">;
}

interface Follower {
  readonly reader: StreamReader;
  readonly wantsFleet: boolean;
  readonly may: HttpRequest["may"];
  readonly unfollow: () => void;
}

/**
 * All who follow the dashboard of a term. What changed is found, and put into words, once for all
 * of them; and nothing is looked at while there are none.
 */
export class Streams {
  private readonly options: StreamsOptions;
  private readonly followers = new Set<Follower>();
  private totals = "";
  private pulses = 0;
  private stopPulse: () => void = () => {};
  private isOver = false;

  constructor(options: StreamsOptions) {
    this.options = options;
  }

  /** The stream of one who wants it, or why there is none to be had. */
  open({ query, may }: Pick<HttpRequest, "query" | "may">): HttpStream | HttpAnswer {
    if (this.followers.size >= HTTP_STREAMS_MAX) {
      const problem = `${HTTP_STREAMS_MAX} dashboards are followed already (HTTP_STREAMS_MAX)`;
      return refusal(503, `${problem}; close some, or try again later`);
    }
    return {
      content_type: "text/event-stream",
      start: (wire) => {
        const reader = new StreamReader(wire, this.texts);
        if (this.isOver) {
          reader.goodbye("this coordinator ends");
          return () => {};
        }
        return this.begin(reader, { query, may });
      },
    };
  }

  /** The coordinator ends, or leads no more. */
  end(reason: string): void {
    this.isOver = true;
    for (const follower of [...this.followers]) this.part(follower, reason);
  }

  private begin(
    reader: StreamReader,
    { query, may }: Pick<HttpRequest, "query" | "may">,
  ): () => void {
    const { clock, sweeps, fleet, hello } = this.options;
    const now_ms = clock.nowMs();
    if (this.followers.size === 0) {
      fleet.sample(now_ms);
      this.totals = JSON.stringify(fleet.totals());
      this.pulse();
    }
    reader.hello({ ...hello(), may_submit: may("submit") }, now_ms);
    this.updateSweeps();
    reader.addSweeps(sweeps.names(), []);
    const wantsFleet = query.get("fleet") === "1";
    if (wantsFleet) {
      this.updateFleet();
      reader.addWorkers(fleet.names(), []);
    }
    const unfollow = this.follow(reader, query.get("sweep"));
    const follower: Follower = { reader, wantsFleet, may, unfollow };
    this.followers.add(follower);
    reader.flush(now_ms, { withTotals: true });
    return () => this.forget(follower);
  }

  /** A sweep that is not there is said to be gone: another coordinator may have had it. */
  private follow(reader: StreamReader, sweep: string | null): () => void {
    if (sweep === null) return () => {};
    if (!this.options.sweeps.has(sweep)) {
      reader.addSweeps([], [sweep]);
      return () => {};
    }
    return this.options.views.follow(sweep, {
      cells: (change) => reader.addCells(change),
      plan: (version) => reader.addPlan({ sweep, version }),
      boundaries: (boundaries) => reader.addBoundaries(boundaries),
    });
  }

  private pulse(): void {
    this.stopPulse = this.options.clock.after(PULSE_MS, () => {
      try {
        this.tell();
        if (this.followers.size > 0) this.pulse();
      } catch (error) {
        // Whoever looks on must not end the coordinator.
        this.options.notes.log.error("the dashboard failed", { error: messageOf(error) });
        for (const follower of [...this.followers]) this.part(follower, messageOf(error));
      }
    });
  }

  private tell(): void {
    const { clock, sweeps, fleet } = this.options;
    const now_ms = clock.nowMs();
    const isSlow = ++this.pulses % SLOW_PULSES === 0;
    if (isSlow) {
      this.endRevoked();
      sweeps.lookAtRunning();
      fleet.sample(now_ms);
      const wantsFleet = [...this.followers].some((follower) => follower.wantsFleet);
      if (wantsFleet) this.updateFleet();
      else fleet.forgetWorkers();
      this.totals = JSON.stringify(fleet.totals());
    }
    this.updateSweeps();
    for (const { reader } of this.followers) {
      reader.flush(now_ms, { withTotals: isSlow });
      reader.beat(now_ms, BEAT_MS);
    }
  }

  private updateSweeps(): void {
    const { sweeps, source } = this.options;
    const { changed, removed } = sweeps.update(source);
    for (const { reader } of this.followers) reader.addSweeps(changed, removed);
  }

  private updateFleet(): void {
    const { clock, fleet } = this.options;
    const { changed, left } = fleet.update(clock.nowMs());
    for (const { reader, wantsFleet } of this.followers) {
      if (wantsFleet) reader.addWorkers(changed, left);
    }
  }

  /** Whoever may not read any more hears no more. */
  private endRevoked(): void {
    for (const follower of [...this.followers]) {
      if (!follower.may("read")) this.part(follower, "the right to read was revoked, or expired");
    }
  }

  private part(follower: Follower, reason: string): void {
    this.forget(follower);
    follower.reader.goodbye(reason);
  }

  private forget(follower: Follower): void {
    if (!this.followers.delete(follower)) return;
    follower.unfollow();
    if (this.followers.size > 0) return;
    this.stopPulse();
    this.options.fleet.forget();
  }

  private readonly texts = {
    sweep: (name: string) => this.options.sweeps.textOf(name),
    worker: (name: string) => this.options.fleet.textOf(name),
    totals: () => this.totals,
    notes: (since: number) => {
      const { notes } = this.options;
      if (since === notes.count) return undefined;
      return { text: JSON.stringify(notes.since(since)), next: notes.count };
    },
  };
}
