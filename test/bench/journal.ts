import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Candidate } from "../../coordinator/journal/candidate.ts";
import type { Commit, Journal } from "../../coordinator/journal/journal.ts";
import { Leadership } from "../../coordinator/journal/leadership.ts";
import { journalPlace } from "../../coordinator/journal/postgres_client.ts";
import { PostgresJournal } from "../../coordinator/journal/postgres_journal.ts";
import { prepareJournal } from "../../coordinator/journal/postgres_tables.ts";
import { SqliteJournal } from "../../coordinator/journal/sqlite_journal.ts";
import { systemClock } from "../../shared/clock.ts";
import { PostgresServer } from "../postgres.ts";
import { formatNumber, formatTable, median } from "./table.ts";

const GROUPS = [1, 16, 256];
const LEASE_MS = 5_000;

export interface JournalRow {
  readonly journal: string;
  /** Parts that share one transaction, each in a file of its own. */
  readonly group: number;
  readonly groups_per_s: number;
  readonly parts_per_s: number;
  /** The middle one of the rounds: this journal's parts a second by SQLite's, of the same round. */
  readonly ratio: number;
}

/** How fast parts are committed by each kind of journal, and how fast this disk syncs at all. */
export async function benchJournal(rounds: number, seconds: number): Promise<JournalRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-bench-"));
  const server = PostgresServer.problem() === undefined ? await PostgresServer.start() : undefined;
  if (server === undefined) process.stderr.write(`no PostgreSQL: ${PostgresServer.problem()}\n`);
  const journals: [string, Journal][] = [["SQLite", new SqliteJournal(folder)]];
  if (server !== undefined) journals.push(["PostgreSQL", await openPostgres(server)]);
  try {
    const rows = [syncRow(folder, rounds, seconds)];
    for (const group of GROUPS) {
      const speeds = journals.map(() => [] as number[]);
      for (let round = 0; round < rounds; round++) {
        for (const [i, [, journal]] of journals.entries()) {
          speeds[i]!.push(await groupsPerSecond(journal, group, seconds, `${group}.${round}`));
        }
      }
      for (const [i, [journal]] of journals.entries()) {
        const groups_per_s = median(speeds[i]!);
        const ratio = median(speeds[i]!.map((speed, round) => speed / speeds[0]![round]!));
        rows.push({ journal, group, groups_per_s, parts_per_s: group * groups_per_s, ratio });
      }
    }
    return rows;
  } finally {
    for (const [, journal] of journals) await journal.close();
    server?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openPostgres(server: PostgresServer): Promise<Journal> {
  const place = journalPlace(server.url("bench"));
  await prepareJournal(place);
  const lease = { lease_ms: LEASE_MS, holder: "bench", address: "" };
  const leadership = await new Candidate({ place, clock: systemClock, ...lease }).ask();
  if (!(leadership instanceof Leadership)) throw new Error(`${leadership.holder} leads`);
  return PostgresJournal.open(place, leadership, LEASE_MS);
}

async function groupsPerSecond(
  journal: Journal,
  group: number,
  seconds: number,
  label: string,
): Promise<number> {
  const began_ms = systemClock.nowMs();
  let done = 0;
  while (systemClock.nowMs() - began_ms < 1000 * seconds) {
    await journal.commit(
      Array.from({ length: group }, (_, i) => commitOf(label, done * group + i)),
    );
    done++;
  }
  const speed = (1000 * done) / (systemClock.nowMs() - began_ms);
  await journal.setMerged(label, { sha256: "", phases: [], shards_committed: 0, failures: [] });
  return speed;
}

/** A write of a page and its sync, again and again: nothing durable is faster. */
function syncRow(folder: string, rounds: number, seconds: number): JournalRow {
  const speeds = Array.from({ length: rounds }, (_, round) => {
    const file = openSync(join(folder, `sync${round}`), "w");
    const page = Buffer.alloc(4096);
    const began_ms = systemClock.nowMs();
    let done = 0;
    for (; systemClock.nowMs() - began_ms < 1000 * seconds; done++) {
      writeSync(file, page);
      fsyncSync(file);
    }
    closeSync(file);
    return (1000 * done) / (systemClock.nowMs() - began_ms);
  });
  const groups_per_s = median(speeds);
  return {
    journal: "fsync alone",
    group: 1,
    groups_per_s,
    parts_per_s: groups_per_s,
    ratio: Number.NaN,
  };
}

function commitOf(sweep: string, part: number): Commit {
  const range = { first: part * 1000, end: (part + 1) * 1000 };
  return {
    ...{ sweep, file: `${sweep}-1.${part + 1}.parquet`, offset: null, range, accepted: [range] },
    ...{ sha256: "0".repeat(64), bytes: 100_000, phases: [400, 500, 100, 0] },
    ...{ worker: "node-17-4711", host: "node-17", version: "0.1.0", slot: 3, lease: `1-${part}` },
    ...{ started_ms: 1.7e12, compute_ms: 20_123.456, committed_ms: 1.7e12 },
  };
}

export function formatJournalReport(rows: readonly JournalRow[]): string {
  const head = ["journal", "parts a commit", "commits/s", "parts/s", "of SQLite"];
  const table = rows.map(({ journal, group, groups_per_s, parts_per_s, ratio }) => [
    journal,
    String(group),
    formatNumber(groups_per_s),
    formatNumber(parts_per_s),
    Number.isNaN(ratio) ? "" : ratio.toFixed(2),
  ]);
  return formatTable([head, ...table], [0]);
}
