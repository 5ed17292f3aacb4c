import { afterUnheld, type Clock } from "../../shared/clock.ts";
import type { HttpRoute } from "../../shared/http/http_route.ts";
import { packageVersion } from "../../shared/package_info.ts";
import type { Coordinator } from "../coordinator.ts";
import { type Observer, observers } from "../observer.ts";
import type { Storage } from "../storage.ts";
import { Changes, type SweepReader } from "./changes.ts";
import { dashboardRoutes } from "./dashboard_routes.ts";
import { Reports } from "./reports.ts";
import { FleetFeed } from "./stream/fleet_feed.ts";
import { NoteRing } from "./stream/note_ring.ts";
import { Streams } from "./stream/streams.ts";
import { SweepFeed } from "./stream/sweep_feed.ts";
import type { Term } from "./term.ts";
import { SweepViews } from "./views/sweep_views.ts";
import type { CurveEngine } from "./views/view_source.ts";

export interface DashboardOptions {
  readonly clock: Clock;
  /** Name of this machine. */
  readonly host: string;
  /** Without it nothing can be submitted, as in `run`. */
  readonly reader?: SweepReader;
  /** Writes report.html of a results folder. @throws Error */
  readonly makeReport: (folder: string) => Promise<void>;
  readonly curves?: CurveEngine;
}

/** A term that is about to begin: its observer is for Coordinator.open. */
export interface NextTerm {
  readonly observer: Observer;
  /** The coordinator leads from now on, as the `epoch`th on its journal. */
  begin(coordinator: Coordinator, epoch: number): void;
  /** Nothing is to be changed from now on, and why. */
  freeze(why: string): void;
  /** It ends, or another one leads: ends all streams. */
  end(reason: string): Promise<void>;
}

/**
 * The dashboard of a process, over the terms of its coordinators: the page is there all the time, and
 * what it shows while one leads here.
 */
export class Dashboard {
  readonly routes: readonly HttpRoute[];
  /** What operators are told is shown too. */
  readonly notes: NoteRing;
  private readonly options: DashboardOptions;
  private term: Term | undefined;
  /** What callers are told while nobody leads here. */
  private whoLeads = "it has not begun to lead yet";

  constructor(options: DashboardOptions) {
    this.options = options;
    this.notes = new NoteRing(options.clock, afterUnheld);
    this.routes = dashboardRoutes({
      term: () => this.term,
      whoLeads: () => this.whoLeads,
      reports: new Reports(options.clock, options.makeReport),
      clock: options.clock,
    });
  }

  /** What callers are told of the coordinator that leads elsewhere. */
  leaderIs(text: string): void {
    this.whoLeads = text;
  }

  prepare(storage: Storage): NextTerm {
    const { clock, host, reader, curves } = this.options;
    const sweeps = new SweepFeed();
    const fleet = new FleetFeed();
    const { log } = this.notes;
    const views = new SweepViews({
      storage,
      clock,
      log,
      ...(curves === undefined ? {} : { curves }),
    });
    let own: Term | undefined;
    return {
      observer: observers(sweeps.observer, fleet.observer, views.observer),
      begin: (coordinator, epoch) => {
        const streams = new Streams({
          ...{ clock, sweeps, fleet, views, notes: this.notes, source: coordinator.watch },
          hello: () => ({
            version: packageVersion,
            single_sweep: reader === undefined,
            ...{ epoch, host, now_ms: clock.wallMs() },
          }),
        });
        const changes = new Changes(coordinator, reader);
        own = { coordinator, views, sweeps, fleet, streams, changes };
        this.term = own;
      },
      freeze: (why) => own?.changes.freeze(why),
      end: async (reason) => {
        if (this.term === own) this.term = undefined;
        this.whoLeads = reason;
        own?.streams.end(reason);
        await views.close();
      },
    };
  }
}
