import { CoordinatorMetrics } from "../../coordinator/metrics/coordinator_metrics.ts";
import { type Observer, observers } from "../../coordinator/observer.ts";
import { OperatorLog } from "../../coordinator/operator_log.ts";
import {
  type ArrivedPart,
  type Effect,
  type Event,
  NOTHING_BEFORE,
} from "../../coordinator/state/events.ts";
import { initialState } from "../../coordinator/state/state.ts";
import { step } from "../../coordinator/state/step.ts";
import { NO_LOG } from "../../shared/log.ts";
import { newRegistry } from "../../shared/metrics.ts";
import { uniformStream } from "../../shared/random.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { RELEASE } from "../release.ts";
import { formatNumber, formatTable } from "./table.ts";

export interface SchedulerRow {
  readonly workers: number;
  readonly cells: number;
  /** Registering all workers and granting every lease that they can hold. */
  readonly place_s: number;
  /** Events handled afterwards: parts in random order, renewals between them. */
  readonly events: number;
  readonly decisions_per_second: number;
  /** Time of the processor with metrics and a log, by that without. */
  readonly watched_ratio: number;
  /** Ranges of finished cells at the most. */
  readonly ranges: number;
  readonly heap_mebibytes: number;
  /** Of this process, with the rows before it. */
  readonly resident_mebibytes: number;
}

/** In turns, with and without what looks on. */
const ROUNDS = 3;

/** The scheduler by itself, and once more with what `serve --http` adds to each of its steps. */
export function benchScheduler(workers: number, cells: number, events: number): SchedulerRow {
  const metrics = new CoordinatorMetrics(newRegistry(), {
    leadership: () => ({ is_leader: true, epoch: 1, since_ms: 0 }),
    bytesWaiting: () => 0,
    cellsCopied: () => 0,
  });
  const observer = observers(metrics, new OperatorLog(NO_LOG));
  const plain = [];
  const watched = [];
  for (let round = 0; round < ROUNDS; round++) {
    plain.push(drive(workers, cells, events));
    watched.push(drive(workers, cells, events, observer));
  }
  // What else the machine does only ever adds.
  const least = (runs: readonly { readonly cpu_us: number }[]) =>
    Math.min(...runs.map(({ cpu_us }) => cpu_us));
  return { ...plain[0]!.row, watched_ratio: least(watched) / least(plain) };
}

/** Drives the pure scheduler with a large fleet whose shards end in random order. */
function drive(
  workers: number,
  cells: number,
  events: number,
  observer?: Observer,
): { readonly row: Omit<SchedulerRow, "watched_ratio">; readonly cpu_us: number } {
  const seeds = Math.round(cells / 1000);
  const plan = buildPlan(
    parseSweep(
      `{name: big, dataset: example4, loss: logistic, seeds: ${seeds},
        model: {hidden_layers: 1, width: 100},
        learning_rate: {from: 1, to: 9, points: 1000, scale: linear}}`,
      "bench",
    ),
  );
  const random = uniformStream(1, 1);
  let state = initialState({
    epoch: 1,
    lease_ms: 30_000,
    reconnect_ms: 10_000,
    shard_ms: 20_000,
    leases_per_slot: 2,
    losses_max: 10,
    company_ms: 0,
    storage_patience_ms: 30_000,
  });
  const leases: Extract<Effect, { type: "send_lease" }>[] = [];
  let now_ms = 0;
  const send = (event: Event) => {
    const { state: next, effects } = step(state, event);
    state = next;
    observer?.stepped?.(event, effects, state);
    for (const effect of effects) {
      if (effect.type === "send_lease") leases.push(effect);
      else if (effect.type === "store_part") {
        send({ now_ms, type: "part_stored", part: effect.part, ranges: effect.ranges });
      }
    }
  };
  const began = performance.now();
  send({ now_ms, type: "sweep_submitted", sweep: "big", plan, before: NOTHING_BEFORE });
  for (let i = 0; i < workers; i++) {
    const who = { worker: `w${i}`, host: `h${i}`, slots: 8, held: [] };
    send({
      now_ms,
      type: "worker_registered",
      ...who,
      numeric_classes: ["float64-exact"],
      ...RELEASE,
    });
  }
  const place_s = (performance.now() - began) / 1000;

  const started = performance.now();
  const began_cpu = process.cpuUsage();
  let ranges = 0;
  let handled = 0;
  for (let id = 1; handled < events && leases.length > 0; id++) {
    now_ms += 1;
    const pick = Math.floor(random() * leases.length);
    const { lease, worker, range } = leases[pick]!;
    leases[pick] = leases.at(-1)!;
    leases.pop();
    const compute_ms = 20_000 * (0.5 + random());
    const part: ArrivedPart = {
      ...{ id, worker, lease, sweep: "big", range, compute_ms },
      phases: [range.end - range.first, 0, 0, 0],
    };
    send({ now_ms, type: "part_arrived", part });
    send({ now_ms, type: "leases_renewed", worker, leases: [] });
    handled += 3; // the part, its storing, and the renewal
    ranges = Math.max(ranges, state.sweeps.get("big")!.done.length);
  }
  const seconds = (performance.now() - started) / 1000;
  const { user } = process.cpuUsage(began_cpu);
  const row = {
    workers,
    cells: plan.cells,
    place_s,
    events: handled,
    decisions_per_second: handled / seconds,
    ranges,
    heap_mebibytes: process.memoryUsage().heapUsed / 2 ** 20,
    resident_mebibytes: process.memoryUsage().rss / 2 ** 20,
  };
  return { row, cpu_us: user };
}

export function formatSchedulerReport(rows: readonly SchedulerRow[]): string {
  const head = [
    "workers",
    "cells",
    "leases placed s",
    "decisions/s",
    "watched",
    "ranges",
    "heap",
    "RSS MiB",
  ];
  const table = rows.map((row) =>
    [
      row.workers,
      row.cells,
      row.place_s,
      row.decisions_per_second,
      row.watched_ratio,
      row.ranges,
      row.heap_mebibytes,
      row.resident_mebibytes,
    ].map(formatNumber),
  );
  return formatTable([head, ...table]);
}
