import type pg from "pg";
import { messageOf } from "../../shared/errors.ts";
import type { Range } from "../../shared/ranges.ts";
import type { SweepControl } from "../state/events.ts";
import type { SweepProgress } from "../state/progress.ts";
import {
  type AddedSweep,
  type Commit,
  type CommitPage,
  type Journal,
  type JournaledSweep,
  JournalLost,
  type MergedSweep,
  type Mismatch,
} from "./journal.ts";
import type { Leadership } from "./leadership.ts";
import { connect, destroy, isRefusal, type JournalPlace } from "./postgres_client.ts";
import { PostgresCommits } from "./postgres_commits.ts";

/**
 * The journal of a fleet, in a PostgreSQL database that several coordinators can reach. It belongs
 * to the leader: each call is one transaction that begins with the leader's fence (leadership.ts), so
 * that a coordinator that was replaced, and does not know it, changes nothing and reads nothing.
 */
export class PostgresJournal implements Journal {
  readonly epoch: number;
  readonly lost: Promise<string>;
  private readonly leadership: Leadership;
  private readonly client: pg.Client;
  private readonly commitTable: PostgresCommits;
  private reason: string | undefined;
  private lose: (reason: string) => void = () => {};
  /** Calls take turns on the one connection: a transaction is of several statements. */
  private turns: Promise<unknown> = Promise.resolve();

  private constructor(leadership: Leadership, client: pg.Client) {
    this.epoch = leadership.epoch;
    this.leadership = leadership;
    this.client = client;
    this.commitTable = new PostgresCommits(client);
    this.lost = new Promise((resolve) => {
      this.lose = resolve;
    });
    void leadership.lost.then((reason) => this.fail(reason));
  }

  /** Opens the journal for the leader. @throws FailureError if the database cannot be reached */
  static async open(
    place: JournalPlace,
    leadership: Leadership,
    lease_ms: number,
  ): Promise<PostgresJournal> {
    return new PostgresJournal(leadership, await connect(place, lease_ms));
  }

  sweeps(): Promise<JournaledSweep[]> {
    return this.transaction(async () => {
      const { rows } = await this.client.query<
        Omit<JournaledSweep, "merged"> & { merged_json: string | null }
      >(
        `SELECT sweep, plan_json, work_json, plan_digest, control, priority, merged_json
         FROM sweeps ORDER BY id`,
      );
      return rows.map(({ merged_json, ...row }) => ({
        ...row,
        merged: merged_json === null ? null : (JSON.parse(merged_json) as MergedSweep),
      }));
    });
  }

  addSweep(added: AddedSweep): Promise<void> {
    const { sweep, plan_json, work_json, plan_digest, priority, submitted_ms } = added;
    const { commits, in_place_of } = added;
    return this.transaction(async () => {
      if (in_place_of !== null) {
        await this.client.query("DELETE FROM sweeps WHERE sweep = $1", [in_place_of]);
        await this.client.query("DELETE FROM mismatches WHERE sweep = $1", [in_place_of]);
        await this.commitTable.remove(in_place_of);
      }
      await this.client.query(
        `INSERT INTO sweeps (sweep, plan_json, work_json, plan_digest, priority, submitted_ms)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [sweep, plan_json, work_json, plan_digest, priority, submitted_ms],
      );
      await this.commitTable.insert(commits);
    });
  }

  extendSweep(
    sweep: string,
    plan_json: string,
    work_json: string | null,
    commits: readonly Commit[],
  ): Promise<void> {
    return this.transaction(async () => {
      await this.client.query("UPDATE sweeps SET plan_json = $2, work_json = $3 WHERE sweep = $1", [
        sweep,
        plan_json,
        work_json,
      ]);
      await this.commitTable.insert(commits);
    });
  }

  setControl(sweep: string, control: SweepControl, priority: number): Promise<void> {
    return this.transaction(async () => {
      const set = "UPDATE sweeps SET control = $2, priority = $3 WHERE sweep = $1";
      await this.client.query(set, [sweep, control, priority]);
    });
  }

  commit(commits: readonly Commit[]): Promise<void> {
    return this.transaction(() => this.commitTable.insert(commits));
  }

  progress(sweep: string): Promise<SweepProgress> {
    return this.transaction(() => this.commitTable.progress(sweep));
  }

  unnamed(files: readonly string[]): Promise<string[]> {
    return this.transaction(() => this.commitTable.unnamed(files));
  }

  commits(sweep: string): Promise<Commit[]> {
    return this.transaction(() => this.commitTable.ofSweep(sweep));
  }

  commitsAfter(sweep: string, after: number): Promise<CommitPage | undefined> {
    return this.transaction(() => this.commitTable.after(sweep, after));
  }

  commitsOverlapping(sweep: string, range: Range): Promise<Commit[]> {
    return this.transaction(() => this.commitTable.overlapping(sweep, range));
  }

  revoke(sweep: string, files: readonly string[]): Promise<void> {
    return this.transaction(() => this.commitTable.revoke(sweep, files));
  }

  addMismatch(mismatch: Mismatch): Promise<void> {
    return this.transaction(async () => {
      const insert = "INSERT INTO mismatches (sweep, record_json) VALUES ($1, $2)";
      await this.client.query(insert, [mismatch.sweep, JSON.stringify(mismatch)]);
    });
  }

  mismatches(sweep: string): Promise<Mismatch[]> {
    return this.transaction(async () => {
      const { rows } = await this.client.query<{ record_json: string }>(
        "SELECT record_json FROM mismatches WHERE sweep = $1 ORDER BY id",
        [sweep],
      );
      return rows.map(({ record_json }) => JSON.parse(record_json) as Mismatch);
    });
  }

  setMerged(sweep: string, merged: MergedSweep): Promise<void> {
    return this.transaction(async () => {
      const set = "UPDATE sweeps SET merged_json = $2 WHERE sweep = $1";
      await this.client.query(set, [sweep, JSON.stringify(merged)]);
      await this.commitTable.remove(sweep);
    });
  }

  confirm(): Promise<void> {
    return this.transaction(async () => {});
  }

  async close(): Promise<void> {
    await this.turns;
    this.fail("it was closed");
    await this.leadership.end();
  }

  /** Runs `body` as a whole or not at all, under the fence of the leader. */
  private transaction<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.turns.then(() => this.take(body));
    this.turns = turn.catch(() => {});
    return turn;
  }

  private async take<T>(body: () => Promise<T>): Promise<T> {
    if (this.reason !== undefined) throw new JournalLost(this.reason, false);
    let committing = false;
    try {
      await this.client.query("BEGIN");
      const leads = "SELECT FROM leadership WHERE epoch = $1 FOR KEY SHARE";
      if ((await this.client.query(leads, [this.epoch])).rowCount !== 1) {
        this.fail("another coordinator has taken over");
        throw new JournalLost(this.reason!, false);
      }
      const result = await body();
      committing = true;
      await this.client.query("COMMIT");
      return result;
    } catch (error) {
      if (error instanceof JournalLost) throw error;
      // What is known of sums of commits may be of what was rolled back.
      this.commitTable.forget();
      const isOver = !isRefusal(error) || (await this.rollBack());
      if (!isOver) throw error;
      this.fail(`the database does not answer: ${messageOf(error)}`);
      throw new JournalLost(this.reason!, committing);
    }
  }

  /** True if even that fails. */
  private rollBack(): Promise<boolean> {
    return this.client.query("ROLLBACK").then(
      () => false,
      () => true,
    );
  }

  private fail(reason: string): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.lose(reason);
    // Whatever waits for an answer hears that there will be none.
    destroy(this.client);
  }
}
