import type pg from "pg";
import { type CandidateOptions, type Leader, Leadership } from "./leadership.ts";
import { connect, destroy } from "./postgres_client.ts";

/** A candidate does not wait for a lock of a leader that stands still; it asks again. */
const LOCK_MS = 1_000;

/** A coordinator that would lead if nobody did. It keeps its connection from one question to the next. */
export class Candidate {
  private readonly options: CandidateOptions;
  private client: pg.Client | undefined;

  constructor(options: CandidateOptions) {
    this.options = options;
  }

  /** Takes the lease if it is free, else says who has it. @throws Error if the database does not */
  async ask(): Promise<Leadership | Leader> {
    const { place, clock, lease_ms, holder, address } = this.options;
    try {
      this.client ??= await this.connect();
      const { client } = this;
      const began_ms = clock.nowMs();
      const taken = await client.query<{ epoch: number }>(
        `UPDATE leadership SET epoch = epoch + 1, holder = $1, address = $2,
           expires_at = clock_timestamp() + $3 * interval '1 millisecond'
         WHERE expires_at < clock_timestamp() RETURNING epoch::float8`,
        [holder, address, lease_ms],
      );
      const [row] = taken.rows;
      if (row !== undefined) {
        this.client = undefined;
        return Leadership.begin(client, row.epoch, began_ms, this.options);
      }
      const found = await client.query<Leader>(
        "SELECT epoch::float8, holder, address FROM leadership",
      );
      const [leader] = found.rows;
      if (leader === undefined) throw new Error(`${place.name} has no row of a leader`);
      return leader;
    } catch (error) {
      // It may be the connection that is at fault.
      this.close();
      throw error;
    }
  }

  close(): void {
    if (this.client !== undefined) destroy(this.client);
    this.client = undefined;
  }

  private async connect(): Promise<pg.Client> {
    const { place, lease_ms } = this.options;
    const client = await connect(place, lease_ms);
    await client.query(`SET lock_timeout = ${LOCK_MS}`);
    return client;
  }
}
