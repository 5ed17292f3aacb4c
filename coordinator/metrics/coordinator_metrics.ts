import { Histogram, type Registry } from "prom-client";
import { COMMIT_QUEUE_BYTES_MAX, METRIC_GROUPS_MAX } from "../../shared/limits.ts";
import { counted, measured, type Sample } from "../../shared/metrics.ts";
import type { Observer, SettledPart, StoredGroup } from "../observer.ts";
import type { Effect, UntimedEvent } from "../state/events.ts";
import type { State } from "../state/state.ts";
import { addFleetGauges } from "./fleet_gauges.ts";
import { fleetNumbers } from "./fleet_numbers.ts";
import { type GroupCount, RateBook } from "./rate_book.ts";
import { noTallies, type Tallies, tally } from "./tallies.ts";

/** Whether this process is the active coordinator. */
export interface LeadState {
  readonly is_leader: boolean;
  /** Counts the coordinators that led on this journal; 0 for one that never did. */
  readonly epoch: number;
  /** Since when it leads, or stands by, in milliseconds since 1970-01-01 UTC. */
  readonly since_ms: number;
}

/** Where the numbers come from when somebody asks for them. */
export interface CoordinatorSources {
  readonly leadership: () => LeadState;
  /** Bytes of parts that wait for the disk. */
  readonly bytesWaiting: () => number;
  /** Cells of a sweep that were taken over from earlier ones. */
  readonly cellsCopied: (sweep: string) => number;
}

/** A worker's clock this much ahead of ours is wrong, and not just late. */
const AHEAD_MS = 1_000;

const DISK_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** Sizes of groups: powers of two, as one sync is shared by all of a group. */
const GROUP_PARTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

const MERGE_SECONDS = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000];

/**
 * The metrics of a coordinator. Events are counted as they come, in plain numbers; what follows from
 * the state is worked out when somebody asks. Time series are bounded: sweeps by METRIC_SWEEPS_MAX,
 * shape groups by METRIC_GROUPS_MAX, all else by the words of this file; workers and hosts are no
 * labels, since there may be ten thousand of them.
 */
export class CoordinatorMetrics implements Observer {
  private readonly tallies: Tallies = noTallies();
  private readonly rates = new RateBook();
  private readonly parts = { committed: 0, duplicate: 0, refused: 0, torn: 0, retry: 0 };
  private bytesReceived = 0;
  private partsAhead = 0;
  private state: State | undefined;
  private refusals = 0;
  private readonly commitSeconds: Histogram;
  private readonly journalSeconds: Histogram;
  private readonly filesSeconds: Histogram;
  private readonly groupParts: Histogram;
  private readonly mergeSeconds: Histogram<"result">;

  constructor(registry: Registry, sources: CoordinatorSources) {
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name, help, buckets, registers: [registry] });
    this.commitSeconds = histogram(
      "phasesweep_commit_seconds",
      "From the last byte of a part until it is durable and its worker is told; how long a worker waits",
      DISK_SECONDS,
    );
    this.journalSeconds = histogram(
      "phasesweep_journal_seconds",
      "One transaction of the journal, for a whole group of parts; slow where its disk or database is",
      DISK_SECONDS,
    );
    this.filesSeconds = histogram(
      "phasesweep_part_files_seconds",
      "Writing and syncing the files of one group of parts; slow where the results folder is",
      DISK_SECONDS,
    );
    this.groupParts = histogram(
      "phasesweep_commit_group_parts",
      "Parts that shared one sync and one transaction; large groups mean that the disk is what limits",
      GROUP_PARTS,
    );
    this.mergeSeconds = new Histogram({
      name: "phasesweep_merge_seconds",
      help: "Merging the parts of a finished sweep, or of one of its rounds, by result",
      labelNames: ["result"],
      buckets: MERGE_SECONDS,
      registers: [registry],
    });
    this.addCounters(registry);
    addFleetGauges(registry, sources.cellsCopied, () =>
      this.state === undefined || !sources.leadership().is_leader
        ? undefined
        : fleetNumbers(this.state, (group) => this.rates.rateOf(group)),
    );
    addOwnGauges(registry, sources);
  }

  stepped(event: UntimedEvent, effects: readonly Effect[], state: State): void {
    this.state = state;
    tally(this.tallies, this.rates, event, effects, state);
  }

  groupStored({ parts, files_ms, journal_ms, error }: StoredGroup): void {
    this.groupParts.observe(parts);
    if (error !== undefined) return;
    this.filesSeconds.observe(files_ms / 1000);
    this.journalSeconds.observe(journal_ms / 1000);
  }

  partSettled({ outcome, bytes, waited_ms, ahead_ms }: SettledPart): void {
    this.parts[outcome]++;
    this.bytesReceived += bytes;
    if (ahead_ms > AHEAD_MS) this.partsAhead++;
    if (outcome === "committed") this.commitSeconds.observe(waited_ms / 1000);
  }

  merged(_sweep: string, merge_ms: number, error?: string): void {
    this.mergeSeconds.observe({ result: error === undefined ? "ok" : "error" }, merge_ms / 1000);
  }

  refused(): void {
    this.refusals++;
  }

  private addCounters(registry: Registry): void {
    const { tallies, parts, rates } = this;
    const byLabel = (label: string, counts: Readonly<Record<string, number>>): Sample[] =>
      Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));
    const one = (value: number): Sample[] => [{ labels: {}, value }];
    counted(registry, {
      phasesweep_leases_granted_total: [
        "Leases that workers were given",
        () => one(tallies.leases_granted),
      ],
      phasesweep_leases_renewed_total: [
        "Renewals of leases, every lease_seconds / 6 for each in hand; none for long means silent workers",
        () => one(tallies.leases_renewed),
      ],
      phasesweep_leases_ended_total: [
        "Leases that ended without their result, by how: given_back (drained), lost (worker killed or cut off), crashed, failed (engine threw)",
        () => byLabel("outcome", tallies.leases_ended),
        ["outcome"],
      ],
      phasesweep_leases_cancelled_total: [
        "Leases whose workers were told to stop: another one was first, or nobody wants the cells",
        () => one(tallies.leases_cancelled),
      ],
      phasesweep_second_copies_total: [
        "Leases of cells that a slower worker had in hand too, near the end of a sweep",
        () => one(tallies.copies_granted),
      ],
      phasesweep_shards_retried_total: [
        "Shards of lost, crashed and failed leases, by what became of them: again, halved, given_up (their cells are quarantined)",
        () => byLabel("how", tallies.shards),
        ["how"],
      ],
      phasesweep_duplicates_total: [
        "Parts with cells that were there already; they were compared",
        () => one(tallies.duplicates),
      ],
      phasesweep_mismatches_total: [
        "Cells that were computed twice and differ beyond what their class allows: some machine computes wrongly",
        () => one(tallies.mismatches),
      ],
      phasesweep_parts_total: [
        "Parts by outcome: committed, duplicate, refused (wrong), torn (asked for again), retry (no room, or the disk failed)",
        () => byLabel("outcome", parts),
        ["outcome"],
      ],
      phasesweep_part_bytes_total: ["Bytes of parts received", () => one(this.bytesReceived)],
      phasesweep_parts_ahead_total: [
        "Parts that their worker says to have begun more than a second from now: its clock is wrong, and so is the provenance",
        () => one(this.partsAhead),
      ],
      phasesweep_storage_failures_total: [
        "Parts that could not be made durable: the disk is full, or the journal cannot be written",
        () => one(tallies.storage_failures),
      ],
      phasesweep_workers_registered_total: [
        "Registrations of workers, those that came back included",
        () => one(tallies.workers_registered),
      ],
      phasesweep_workers_gone_total: [
        "Workers that went, by how: lost (their stream ended, also by leaving), killed, crashed, sent_away",
        () =>
          byLabel("how", {
            lost: tallies.workers_lost,
            killed: tallies.workers_died,
            crashed: tallies.workers_crashed,
            sent_away: tallies.workers_sent_away,
          }),
        ["how"],
      ],
      phasesweep_sessions_refused_total: [
        "Sessions of workers that were refused: wrong version, too many, names that are none",
        () => one(this.refusals),
      ],
      phasesweep_cells_trained_total: [
        "Cells that came in, by numeric class; its rate is the fleet's speed",
        () => cellsOf(rates.ofClasses(), ["numeric_class"]),
        ["numeric_class"],
      ],
      phasesweep_compute_seconds_total: [
        "Time that those cells took, each on one slot: cells by this is the speed of a slot",
        () => secondsOf(rates.ofClasses(), ["numeric_class"]),
        ["numeric_class"],
      ],
      phasesweep_group_cells_total: [
        `Cells that came in, by shape group: the ${METRIC_GROUPS_MAX} (METRIC_GROUPS_MAX) that were worked on last, all others as "other"`,
        () => cellsOf(rates.ofGroups(), ["numeric_class", "shape_group"]),
        ["numeric_class", "shape_group"],
      ],
      phasesweep_group_compute_seconds_total: [
        "Time that the cells of a shape group took, each on one slot",
        () => secondsOf(rates.ofGroups(), ["numeric_class", "shape_group"]),
        ["numeric_class", "shape_group"],
      ],
    });
  }
}

type GroupLabel = "numeric_class" | "shape_group";

/** Hexadecimal digits that tell shape groups apart. */
const GROUP_CHARACTERS = 12;

function labelsOf(count: GroupCount, names: readonly GroupLabel[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      count[name].slice(0, name === "shape_group" ? GROUP_CHARACTERS : undefined),
    ]),
  );
}

function cellsOf(counts: readonly GroupCount[], names: readonly GroupLabel[]): Sample[] {
  return counts.map((count) => ({ labels: labelsOf(count, names), value: count.cells }));
}

function secondsOf(counts: readonly GroupCount[], names: readonly GroupLabel[]): Sample[] {
  return counts.map((count) => ({
    labels: labelsOf(count, names),
    value: count.compute_ms / 1000,
  }));
}

function addOwnGauges(registry: Registry, { leadership, bytesWaiting }: CoordinatorSources): void {
  const one = (value: number): Sample[] => [{ labels: {}, value }];
  measured(registry, {
    phasesweep_leader: [
      "1 on the active coordinator, 0 on one that stands by; the sum over all must be 1",
      () => one(leadership().is_leader ? 1 : 0),
    ],
    phasesweep_leader_epoch: [
      "Starts of active coordinators on this journal so far, as this process knows; each takeover adds one",
      () => one(leadership().epoch),
    ],
    phasesweep_leadership_since_seconds: [
      "Since when this process leads, or stands by, in seconds since 1970",
      () => one(leadership().since_ms / 1000),
    ],
    phasesweep_commit_queue_bytes: [
      `Bytes of parts that wait for the disk; at ${COMMIT_QUEUE_BYTES_MAX} (COMMIT_QUEUE_BYTES_MAX) workers must send again later`,
      () => one(bytesWaiting()),
    ],
  });
}
