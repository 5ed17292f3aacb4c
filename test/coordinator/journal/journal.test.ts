import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Candidate } from "../../../coordinator/journal/candidate.ts";
import type { Commit, Journal } from "../../../coordinator/journal/journal.ts";
import { Leadership } from "../../../coordinator/journal/leadership.ts";
import { journalPlace } from "../../../coordinator/journal/postgres_client.ts";
import { PostgresJournal } from "../../../coordinator/journal/postgres_journal.ts";
import { prepareJournal } from "../../../coordinator/journal/postgres_tables.ts";
import { JOURNAL_FILE, SqliteJournal } from "../../../coordinator/journal/sqlite_journal.ts";
import { addCommitted, noProgress } from "../../../coordinator/state/progress.ts";
import { systemClock } from "../../../shared/clock.ts";
import { uniformStream } from "../../../shared/random.ts";
import { collectGarbage } from "../../collect_garbage.ts";
import { skipBecause } from "../../e2e/cli.ts";
import { PostgresServer } from "../../postgres.ts";

function commitOf(sweep: string, file: string, part: number): Commit {
  const range = { first: 10 * part, end: 10 * part + 10 };
  // Some parts are trimmed: another one brought their first cells.
  const accepted = part % 5 === 0 ? [{ first: range.first + 5, end: range.end }] : [range];
  return { sweep, file, offset: 0, range, accepted, phases: [4, 6, 0, 0] } as unknown as Commit;
}

/** One of the kinds of journal, in a place of its own. */
interface Place {
  open(): Promise<Journal>;
  /** The numbers that a query gives, while nobody has the journal open. */
  numbers(sql: string): Promise<number[]>;
  remove(): void;
}

class SqlitePlace implements Place {
  private readonly folder = mkdtempSync(join(tmpdir(), "journal-"));

  async open(): Promise<Journal> {
    // SQLite's lock goes with the object.
    await collectGarbage();
    return new SqliteJournal(this.folder);
  }

  async numbers(sql: string): Promise<number[]> {
    await collectGarbage();
    const database = new Database(join(this.folder, JOURNAL_FILE));
    const rows = database.prepare(sql).raw().all() as number[][];
    database.close();
    return rows.flat();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

let server: PostgresServer | undefined;
let schemas = 0;

class PostgresPlace implements Place {
  private readonly schema = `journal${++schemas}`;

  async open(): Promise<Journal> {
    const place = journalPlace(server!.url(this.schema));
    const options = { place, clock: systemClock, lease_ms: 5_000, holder: "test", address: "" };
    await prepareJournal(place);
    const leadership = await new Candidate(options).ask();
    if (!(leadership instanceof Leadership)) throw new Error(`${leadership.holder} leads`);
    return PostgresJournal.open(place, leadership, 5_000);
  }

  async numbers(sql: string): Promise<number[]> {
    const text = server!.query(`SET search_path = ${this.schema}; ${sql}`);
    return text.split("\n").at(-1)!.split("|").map(Number);
  }

  remove(): void {}
}

const postgresProblem = PostgresServer.problem();
beforeAll(async () => {
  if (postgresProblem === undefined) server = await PostgresServer.start();
});
afterAll(() => server?.remove());

describe.each([
  ["SQLite", () => new SqlitePlace()],
  ["PostgreSQL", () => new PostgresPlace()],
])("a journal on %s", (kind, makePlace) => {
  let place: Place;
  let journal: Journal;

  beforeEach(async ({ skip }) => {
    if (kind === "PostgreSQL") skipBecause(postgresProblem, skip);
    place = makePlace();
    journal = await place.open();
  });
  afterEach(async () => {
    await journal?.close();
    place?.remove();
  });

  async function reopen(): Promise<void> {
    await journal.close();
    journal = await place.open();
  }

  /** What all commits add up to, one by one. */
  async function addedUp(sweep: string) {
    const progress = noProgress();
    for (const commit of await journal.commits(sweep)) addCommitted(progress, commit);
    return progress;
  }

  async function inDatabase(sql: string): Promise<number[]> {
    await journal.close();
    const numbers = await place.numbers(sql);
    journal = await place.open();
    return numbers;
  }

  test("after any restart a sweep's progress is what its commits add up to", async () => {
    const random = uniformStream(7, 1);
    const parts = Array.from({ length: 3_000 }, (_, i) => i).sort(() => random() - 0.5);
    let files = 0;
    while (parts.length > 0) {
      const file = `a-1.${++files}.parquet`;
      const count = Math.ceil(4 * random());
      const group = parts.splice(0, count).map((part) => commitOf("a", file, part));
      await journal.commit([...group, commitOf("b", `b-1.${files}.parquet`, files)]);
      if (random() < 0.01) {
        await reopen();
      }
      if (random() < 0.01) expect(await journal.progress("a")).toEqual(await addedUp("a"));
    }
    await reopen();
    expect(await journal.progress("a")).toEqual(await addedUp("a"));
    expect(await journal.progress("b")).toEqual(await addedUp("b"));
    expect((await journal.progress("a")).shards_committed).toBe(3_000);
  });

  test("a start reads a bounded number of rows, however many there are", async () => {
    for (let part = 0; part < 5_000; part++)
      await journal.commit([commitOf("a", `a-1.${part}`, part)]);
    const [rows] = await inDatabase(
      "SELECT count(*) FROM part_files WHERE id > (SELECT last_id FROM snapshots)",
    );
    // Every fifth part lacks five cells, so there are as many ranges as that.
    expect(rows).toBeLessThanOrEqual(1_000);
    expect(await journal.progress("a")).toEqual(await addedUp("a"));
  });

  test("page by page come all commits of a sweep, also those that were added meanwhile", async () => {
    const files = Array.from({ length: 7 }, (_, i) => `a-1.${i}.parquet`);
    for (const [i, file] of files.entries()) {
      await journal.commit([
        commitOf("a", file, 2 * i),
        commitOf("a", file, 2 * i + 1),
        commitOf("b", `b-1.${i}.parquet`, i),
      ]);
    }
    const found: string[] = [];
    let pages = 0;
    for (let after = 0; ; pages++) {
      const page = await journal.commitsAfter("a", after);
      if (page === undefined) break;
      after = page.last;
      found.push(
        ...page.commits.map(({ sweep, file, range }) => `${sweep} ${file} ${range.first}`),
      );
      if (pages === 1) await journal.commit([commitOf("a", "a-1.7.parquet", 14)]);
    }
    expect(pages).toBeGreaterThan(2);
    const all = await journal.commits("a");
    expect(all).toHaveLength(15);
    expect(found.sort()).toEqual(
      all.map(({ sweep, file, range }) => `${sweep} ${file} ${range.first}`).sort(),
    );
  });

  test("commits that were rolled back count nowhere", async () => {
    await journal.commit([commitOf("a", "a-1.1.parquet", 1)]);
    const before = await journal.progress("a");
    // The second file is there already, which rolls back the first.
    const twice = [commitOf("a", "a-1.2.parquet", 2), commitOf("a", "a-1.1.parquet", 1)];
    await expect(journal.commit(twice)).rejects.toThrow(/unique/i);
    expect(await journal.progress("a")).toEqual(before);
    await journal.commit([commitOf("a", "a-1.3.parquet", 3)]);
    expect(await journal.progress("a")).toEqual(await addedUp("a"));
  });

  test("a sweep that is merged, or makes way for another, leaves nothing behind", async () => {
    const added = { work_json: null, plan_digest: "", submitted_ms: 0, priority: 0 };
    await journal.addSweep({ ...added, sweep: "a", plan_json: "", commits: [], in_place_of: null });
    const commits = Array.from({ length: 300 }, (_, i) => commitOf("a", `a-1.${i}`, i));
    await journal.commit(commits);
    const merged = { sha256: "", phases: [], shards_committed: 300, failures: [] };
    await journal.setMerged("a", merged);
    expect(await journal.progress("a")).toEqual(noProgress());
    await journal.commit(commits);
    await journal.addSweep({ ...added, sweep: "b", plan_json: "", commits: [], in_place_of: "a" });
    const left = "SELECT (SELECT count(*) FROM part_files), (SELECT count(*) FROM snapshots)";
    expect(await inDatabase(left)).toEqual([0, 0]);
  });

  test("files that no commit names are told from those that have one", async () => {
    await journal.commit([commitOf("a", "a-1.1.parquet", 1), commitOf("a", "a-1.1.parquet", 2)]);
    expect(await journal.unnamed(["a-1.1.parquet", "a-1.2.parquet"])).toEqual(["a-1.2.parquet"]);
  });

  test("each start is counted, and what somebody wants of a sweep is kept in order", async () => {
    const { epoch } = journal;
    const added = { work_json: null, plan_digest: "d", submitted_ms: 1.5, priority: 3 };
    for (const sweep of ["b", "a"]) {
      await journal.addSweep({ ...added, sweep, plan_json: "{}", commits: [], in_place_of: null });
    }
    await journal.setControl("a", "paused", -7);
    await journal.extendSweep("b", "{1}", "{2}", [commitOf("b", "b-1.1.parquet", 1)]);
    const mismatch = { sweep: "a", range: { first: 1, end: 2 }, cells: 1, worker: "w" };
    await journal.addMismatch({ ...mismatch, committed_by: "v" });
    await reopen();
    expect(journal.epoch).toBe(epoch + 1);
    const row = { plan_digest: "d", merged: null };
    expect(await journal.sweeps()).toEqual([
      { ...row, sweep: "b", plan_json: "{1}", work_json: "{2}", control: "running", priority: 3 },
      { ...row, sweep: "a", plan_json: "{}", work_json: null, control: "paused", priority: -7 },
    ]);
    expect(await journal.mismatches("a")).toEqual([{ ...mismatch, committed_by: "v" }]);
    expect(await journal.commitsOverlapping("b", { first: 0, end: 10 })).toEqual([]);
    expect(await journal.commitsOverlapping("b", { first: 0, end: 11 })).toHaveLength(1);
    await journal.revoke("b", ["b-1.1.parquet"]);
    expect(await journal.progress("b")).toEqual(noProgress());
    await journal.confirm();
  });
});
