import { connect as connectTo, createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Candidate } from "../../../coordinator/journal/candidate.ts";
import { type Commit, JournalLost } from "../../../coordinator/journal/journal.ts";
import { type CandidateOptions, Leadership } from "../../../coordinator/journal/leadership.ts";
import { connect, journalPlace } from "../../../coordinator/journal/postgres_client.ts";
import { PostgresJournal } from "../../../coordinator/journal/postgres_journal.ts";
import { prepareJournal } from "../../../coordinator/journal/postgres_tables.ts";
import { type Clock, systemClock } from "../../../shared/clock.ts";
import { messageOf } from "../../../shared/errors.ts";
import { pause, skipBecause } from "../../e2e/cli.ts";
import { HandClock } from "../../hand_clock.ts";
import { PostgresServer } from "../../postgres.ts";

const LEASE_MS = 1_000;
const problem = PostgresServer.problem();
let server: PostgresServer;
let schemas = 0;

beforeAll(async () => {
  if (problem === undefined) server = await PostgresServer.start();
});
afterAll(() => server?.remove());

describe("the lead of a fleet", () => {
  let options: CandidateOptions;
  const held: Leadership[] = [];

  beforeEach(async ({ skip }) => {
    skipBecause(problem, skip);
    const place = journalPlace(server.url(`lead${++schemas}`));
    await prepareJournal(place);
    options = { place, clock: systemClock, lease_ms: LEASE_MS, holder: "first", address: "a:1" };
  });
  afterEach(async () => {
    for (const leadership of held.splice(0)) await leadership.end();
  });

  async function take(changed: Partial<CandidateOptions> = {}) {
    const candidate = new Candidate({ ...options, ...changed });
    const taken = await candidate.ask();
    if (taken instanceof Leadership) held.push(taken);
    else candidate.close();
    return taken;
  }

  async function lead(changed: Partial<CandidateOptions> = {}): Promise<Leadership> {
    for (;;) {
      // As whoever stands by, it asks again whatever the answer is.
      const taken = await take(changed).catch(() => undefined);
      if (taken instanceof Leadership) return taken;
      await pause(50);
    }
  }

  const open = (leadership: Leadership) =>
    PostgresJournal.open(options.place, leadership, LEASE_MS);

  test("is one's at a time, and renewed for as long as it is wanted", async () => {
    // Long enough for a busy machine to renew it in time.
    const lease_ms = 2 * LEASE_MS;
    const first = await lead({ lease_ms });
    await pause(1.25 * lease_ms);
    const other = await take({ holder: "second" });
    expect(other).toEqual({ epoch: first.epoch, holder: "first", address: "a:1" });
    await first.end();
    expect(await take({ holder: "second" })).toMatchObject({ epoch: first.epoch + 1 });
    expect(await first.lost).toContain("given");
  });

  test("of many that ask at once one gets", async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) => take({ holder: String(i) }).catch(() => undefined)),
    );
    expect(all.filter((taken) => taken instanceof Leadership)).toHaveLength(1);
  });

  test("a coordinator that stood still can do nothing once another one leads", async () => {
    const first = await lead({ clock: standingStill });
    const journal = await open(first);
    await journal.commit([commitOf("s-1.1", 0)]);
    const second = await lead();
    const next = await open(second);
    await expect(journal.commit([commitOf("s-1.2", 1)])).rejects.toMatchObject({
      name: "JournalLost",
      mayHaveActed: false,
    });
    await expect(journal.commits("s")).rejects.toBeInstanceOf(JournalLost);
    await expect(journal.confirm()).rejects.toBeInstanceOf(JournalLost);
    expect(await journal.lost).toContain("another coordinator has taken over");
    expect((await next.commits("s")).map(({ file }) => file)).toEqual(["s-1.1"]);
    await next.close();
  });

  test("the next leader waits for a transaction that is under way, not for one that hangs", async () => {
    const first = await lead({ clock: standingStill });
    // As the leader's transactions are begun, and then nothing more comes.
    const session = await connect(options.place, 5 * LEASE_MS);
    await session.query("BEGIN");
    await session.query("SELECT FROM leadership WHERE epoch = $1 FOR KEY SHARE", [first.epoch]);
    // Soon the lease is over, and the transaction is not: the lock of it stays.
    const refusal = () => take().then(() => "", messageOf);
    await expect.poll(refusal, { interval: 50, timeout: 30_000 }).toMatch(/lock timeout/);
    expect(await lead()).toMatchObject({ epoch: first.epoch + 1 });
    await expect(session.query("COMMIT")).rejects.toThrow();
  });

  test("a database that cannot be reached ends the lead in time", async () => {
    const way = await CutLine.open(server.port);
    const place = journalPlace(way.url(options.place.schema));
    const clock = new HandClock();
    const first = await lead({ place, clock, lease_ms: 60_000 });
    way.hold();
    // Its own clock ends it before the database's may.
    clock.pass(47_999);
    expect(first.isLeading).toBe(true);
    clock.pass(1);
    expect(first.isLeading).toBe(false);
    expect(await first.lost).toMatch(/could not be renewed for 48000 ms/);
    expect(await take({ holder: "second" })).not.toBeInstanceOf(Leadership);
    way.close();
  });

  test("a commit whose answer was lost may have acted, and says so", async () => {
    const way = await CutLine.open(server.port);
    const place = journalPlace(way.url(options.place.schema));
    const leadership = await lead();
    const journal = await PostgresJournal.open(place, leadership, LEASE_MS);
    await journal.commit([commitOf("s-1.1", 0)]);
    way.cutAnswerTo("COMMIT");
    await expect(journal.commit([commitOf("s-1.2", 1)])).rejects.toMatchObject({
      name: "JournalLost",
      mayHaveActed: true,
    });
    expect(await journal.lost).toContain("does not answer");
    const next = await open(leadership);
    expect((await next.commits("s")).map(({ file }) => file)).toEqual(["s-1.1", "s-1.2"]);
    expect((await next.progress("s")).shards_committed).toBe(2);
    await next.close();
    way.close();
  });

  test("an answer lost before the commit has changed nothing", async () => {
    const way = await CutLine.open(server.port);
    const place = journalPlace(way.url(options.place.schema));
    const leadership = await lead();
    const journal = await PostgresJournal.open(place, leadership, LEASE_MS);
    way.cutAnswerTo("INSERT INTO part_files");
    await expect(journal.commit([commitOf("s-1.1", 0)])).rejects.toMatchObject({
      mayHaveActed: false,
    });
    const next = await open(leadership);
    expect(await next.commits("s")).toEqual([]);
    await next.close();
    way.close();
  });

  test("what was acknowledged survives a database that dies at any moment", async () => {
    let acknowledged = 0;
    for (let round = 0; round < 2; round++) {
      const journal = await open(await lead());
      const writing = (async () => {
        for (;;) {
          await journal.commit([commitOf(`s-1.${round}.${acknowledged}`, acknowledged)]);
          acknowledged++;
        }
      })();
      const enough = acknowledged + 3;
      await expect.poll(() => acknowledged).toBeGreaterThanOrEqual(enough);
      server.kill();
      await expect(writing).rejects.toBeInstanceOf(JournalLost);
      server.startAgain();
      const next = await open(await lead());
      const there = await next.commits("s");
      // The one on the way may be there too.
      expect(there.length).toBeGreaterThanOrEqual(acknowledged);
      expect(there.length).toBeLessThanOrEqual(acknowledged + 1 + round);
      acknowledged = there.length;
      await next.close();
    }
  });

  test("a journal of another version is refused in words", async () => {
    server.query(`UPDATE ${options.place.schema}.meta SET value = 99 WHERE key = 'format'`);
    await expect(prepareJournal(options.place)).rejects.toThrow(
      /format 99; this phasesweep reads \d+\n {2}fix: use the phasesweep version that wrote it/,
    );
  });
});

/** The clock of a process that does not get to run its timers. */
const standingStill: Clock = { ...systemClock, after: () => () => {} };

function commitOf(file: string, part: number): Commit {
  const range = { first: 10 * part, end: 10 * part + 10 };
  const phases = [4, 6, 0, 0];
  return { sweep: "s", file, offset: 0, range, accepted: [range], phases } as unknown as Commit;
}

/** A way to the database that may be cut. */
class CutLine {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private held = false;
  private cutAt: string | undefined;

  private constructor(port: number) {
    this.server = createServer((socket) => {
      const there = connectTo(port, "127.0.0.1");
      let isCut = false;
      for (const end of [socket, there]) {
        this.sockets.add(end);
        end.on("error", () => {});
        end.on("close", () => {
          socket.destroy();
          there.destroy();
        });
      }
      socket.on("data", (bytes) => {
        if (this.held) return;
        isCut ||= this.cutAt !== undefined && bytes.includes(this.cutAt);
        there.write(bytes);
      });
      there.on("data", (bytes) => {
        if (this.held) return;
        // It has done what it was asked for, and nobody hears of it.
        if (isCut) socket.destroy();
        else socket.write(bytes);
      });
    });
  }

  static async open(port: number): Promise<CutLine> {
    const line = new CutLine(port);
    await new Promise<void>((resolve) => line.server.listen(0, "127.0.0.1", resolve));
    return line;
  }

  url(schema: string): string {
    const { port } = this.server.address() as { port: number };
    return `postgres://postgres@127.0.0.1:${port}/postgres?schema=${schema}`;
  }

  /** Nothing comes through any more, and nobody is told. */
  hold(): void {
    this.held = true;
  }

  cutAnswerTo(text: string): void {
    this.cutAt = text;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
