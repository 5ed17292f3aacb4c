import type pg from "pg";
import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { destroy, type JournalPlace } from "./postgres_client.ts";

/** Who leads, as the row in the database says. */
export interface Leader {
  readonly epoch: number;
  /** Host and process. */
  readonly holder: string;
  /** Where it can be reached. */
  readonly address: string;
}

export interface CandidateOptions {
  readonly place: JournalPlace;
  readonly clock: Clock;
  /** A leader that has not renewed for so long, on the database's clock, may be replaced. */
  readonly lease_ms: number;
  readonly holder: string;
  readonly address: string;
}

/** Renewals within one lease: two may be lost. */
const RENEWALS = 4;
/** A leader ends by its own clock before the database's lets another one in. */
const SAFE_SHARE = 0.8;

/**
 * The lease of the one active coordinator, a row of the journal's database. Time is the database's,
 * so no two clocks have to agree. The lease says who may lead; what keeps a leader that stood still
 * from doing harm is the fence: its key, the epoch, changes with every leader, every transaction of a
 * leader locks the row under its epoch (FOR KEY SHARE), and so the next one cannot take it before
 * those that are under way have ended, and none that begins later finds it. Renewals change no key
 * and wait for nobody.
 */
export class Leadership {
  readonly epoch: number;
  /** Resolves with the reason when this process leads no more. */
  readonly lost: Promise<string>;
  private readonly client: pg.Client;
  private readonly clock: Clock;
  private readonly lease_ms: number;
  private lose: (reason: string) => void = () => {};
  private over = false;
  private cancel: () => void = () => {};
  private cancelEnd: () => void = () => {};

  private constructor(client: pg.Client, epoch: number, clock: Clock, lease_ms: number) {
    this.client = client;
    this.epoch = epoch;
    this.clock = clock;
    this.lease_ms = lease_ms;
    this.lost = new Promise((resolve) => {
      this.lose = resolve;
    });
  }

  /** Begins to lead under an epoch that was taken when `began_ms` was, on a connection of its own. */
  static begin(
    client: pg.Client,
    epoch: number,
    began_ms: number,
    { clock, lease_ms }: CandidateOptions,
  ): Leadership {
    const leadership = new Leadership(client, epoch, clock, lease_ms);
    leadership.isSafeFrom(began_ms);
    leadership.renewLater();
    return leadership;
  }

  get isLeading(): boolean {
    return !this.over;
  }

  /** Gives the lease back, so that another one takes it at once. */
  async end(): Promise<void> {
    if (this.over) return;
    this.stop("it has given the lead back");
    const free = "UPDATE leadership SET expires_at = '-infinity' WHERE epoch = $1";
    await this.client.query(free, [this.epoch]).catch(() => {});
    destroy(this.client);
  }

  private renewLater(): void {
    this.cancel = this.clock.after(this.lease_ms / RENEWALS, () => void this.renew());
  }

  private async renew(): Promise<void> {
    const began_ms = this.clock.nowMs();
    try {
      const { rowCount } = await this.client.query(
        `UPDATE leadership SET expires_at = clock_timestamp() + $2 * interval '1 millisecond'
         WHERE epoch = $1`,
        [this.epoch, this.lease_ms],
      );
      if (this.over) return;
      if (rowCount === 1) {
        this.isSafeFrom(began_ms);
        this.renewLater();
      } else this.fail("another coordinator has taken over");
    } catch (error) {
      this.fail(`the lead could not be renewed: ${messageOf(error)}`);
    }
  }

  /** From when the database was asked, as it may have counted from then. */
  private isSafeFrom(began_ms: number): void {
    const safe_ms = SAFE_SHARE * this.lease_ms;
    this.cancelEnd();
    this.cancelEnd = this.clock.after(began_ms + safe_ms - this.clock.nowMs(), () =>
      this.fail(`the lead could not be renewed for ${safe_ms} ms`),
    );
  }

  private fail(reason: string): void {
    if (this.over) return;
    this.stop(reason);
    destroy(this.client);
  }

  private stop(reason: string): void {
    this.over = true;
    this.cancel();
    this.cancelEnd();
    this.lose(reason);
  }
}
