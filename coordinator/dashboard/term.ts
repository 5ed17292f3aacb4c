import type { Coordinator } from "../coordinator.ts";
import type { Changes } from "./changes.ts";
import type { FleetFeed } from "./stream/fleet_feed.ts";
import type { Streams } from "./stream/streams.ts";
import type { SweepFeed } from "./stream/sweep_feed.ts";
import type { SweepViews } from "./views/sweep_views.ts";

/** What answers while a coordinator leads. */
export interface Term {
  readonly coordinator: Coordinator;
  readonly views: SweepViews;
  readonly sweeps: SweepFeed;
  readonly fleet: FleetFeed;
  readonly streams: Streams;
  readonly changes: Changes;
}
