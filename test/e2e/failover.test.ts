import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { uniformStream } from "../../shared/random.ts";
import { freePort } from "../free_port.ts";
import { PostgresServer } from "../postgres.ts";
import {
  Cli,
  pause,
  phasesweep,
  sha256Of,
  skipBecause,
  sweepFile,
  temporaryFolder,
} from "./cli.ts";

const KILLS = 20;
/** The default is 5; a shorter one tests as much in less time. */
const TAKEOVER_SECONDS = process.env.TAKEOVER_SECONDS ?? "2";

const SWEEP = `
name: failover
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 400
training: { steps: 100 }
measure: [ntk, hessian]
`;

const problem = PostgresServer.problem();
let database: PostgresServer;
beforeAll(async () => {
  if (problem === undefined) database = await PostgresServer.start();
});
afterAll(() => database?.remove());

/** Coordinators that share a results folder and a journal; a dead one is started again as a standby. */
class Fleet {
  readonly addresses: string[] = [];
  readonly results: string;
  private readonly schema: string;
  private readonly coordinators: Cli[] = [];

  constructor(folder: string, schema: string) {
    this.results = join(folder, "fleet");
    this.schema = schema;
  }

  async start(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.addresses.push(`127.0.0.1:${await freePort()}`);
      this.coordinators.push(this.serve(i));
    }
    await Promise.all(this.coordinators.map((coordinator) => coordinator.says(/standing|leading/)));
  }

  /** All of them, as a worker or a client is told. */
  get coordinator(): string {
    return this.addresses.join(",");
  }

  /** Resolves with the one that listens as the leader. */
  async leader(except?: Cli): Promise<number> {
    for (;;) {
      const at = this.coordinators.findIndex(
        (one) => one !== except && one.process.exitCode === null && isLeading(one.stderr),
      );
      if (at >= 0) return at;
      await pause(10);
    }
  }

  /** Kills the leader, and resolves with the milliseconds until the next one serves. */
  async killLeader(): Promise<number> {
    const at = await this.leader();
    const victim = this.coordinators[at]!;
    const began_ms = performance.now();
    victim.process.kill("SIGKILL");
    await this.leader(victim);
    const takeover_ms = performance.now() - began_ms;
    await victim.finished;
    this.coordinators[at] = this.serve(at);
    return takeover_ms;
  }

  /** Stops the leader for so long; it comes back not knowing that time has passed. */
  async pauseLeader(duration_ms: number): Promise<Cli> {
    const paused = this.coordinators[await this.leader()]!;
    paused.process.kill("SIGSTOP");
    await pause(duration_ms);
    paused.process.kill("SIGCONT");
    return paused;
  }

  stop(): void {
    for (const { process: child } of this.coordinators) child.kill("SIGKILL");
  }

  private serve(index: number): Cli {
    return new Cli(
      ...["serve", "--listen", this.addresses[index]!, "--results", this.results],
      ...["--journal", database.url(this.schema), "--takeover-seconds", TAKEOVER_SECONDS],
      ...["--shard-seconds", "0.3", "--lease-seconds", "10"],
    );
  }
}

/** By the last that it said of itself. */
function isLeading(stderr: string): boolean {
  const last = /.*(coordinator listens on|leads no more|standing by)/s.exec(stderr)?.[1];
  return last === "coordinator listens on";
}

test(`${KILLS} kills of the active coordinator change no byte`, { timeout: 300_000 }, async ({
  skip,
}) => {
  skipBecause(problem, skip);
  const random = uniformStream(2026, 11);
  const folder = temporaryFolder();
  const sweep = sweepFile(folder, SWEEP);
  const undisturbed = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", undisturbed)).code).toBe(0);

  const fleet = new Fleet(folder, "kills");
  await fleet.start(3);
  const { coordinator } = fleet;
  const work = () => new Cli("worker", "--coordinator", coordinator, "--slots", "1");
  const workers = [work(), work()];
  const client = new Cli(
    "submit",
    sweep,
    "--watch",
    "--json",
    "--quiet",
    "--coordinator",
    coordinator,
  );
  const merged = join(fleet.results, "failover", "results.parquet");
  const takeovers_ms: number[] = [];
  while (takeovers_ms.length < KILLS) {
    await pause(200 + 800 * random());
    expect(existsSync(merged), "the sweep lasts longer than the kills").toBe(false);
    takeovers_ms.push(await fleet.killLeader());
  }
  const times = takeovers_ms.map((ms) => (ms / 1000).toFixed(1)).join(" ");
  process.stderr.write(`takeovers (s, --takeover-seconds ${TAKEOVER_SECONDS}): ${times}\n`);
  // Whoever watched has seen every coordinator go, and hears of the end all the same.
  const { code, stdout, stderr } = await client.finished;
  expect(code, stderr).toBe(0);
  const sha256 = sha256Of(join(undisturbed, "results.parquet"));
  expect(sha256Of(merged)).toBe(sha256);
  expect(JSON.parse(stdout)).toMatchObject({ sha256 });
  for (const { process: child } of workers) child.kill("SIGTERM");
  const codes = await Promise.all(workers.map(({ finished }) => finished.then((end) => end.code)));
  expect(codes).toEqual([0, 0]);
  fleet.stop();
});

test("a leader that stood still, and a database that went, change no byte", {
  timeout: 200_000,
}, async ({ skip }) => {
  skipBecause(problem, skip);
  const folder = temporaryFolder();
  const text = SWEEP.replace("failover", "pauses").replace("seeds: 400", "seeds: 250");
  const sweep = sweepFile(folder, text);
  const undisturbed = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", undisturbed)).code).toBe(0);

  const fleet = new Fleet(folder, "pauses");
  await fleet.start(2);
  const { coordinator } = fleet;
  const worker = new Cli("worker", "--coordinator", coordinator, "--slots", "1");
  expect((await phasesweep("submit", sweep, "--coordinator", coordinator)).code).toBe(0);
  const merged = join(fleet.results, "pauses", "results.parquet");
  await worker.says(/connected to/);
  await pause(500);
  // Longer than its lead lasts: another one takes over, and both believe to lead when it wakes up.
  const paused = await fleet.pauseLeader(1000 * Number(TAKEOVER_SECONDS) + 2_000);
  await paused.says(/leads no more/);
  await paused.says(/leads no more.*standing by/s);
  await pause(1_000);
  database.stop();
  await pause(1_500);
  database.startAgain();
  await fleet.leader();
  await pause(1_000);
  expect(existsSync(merged), "the sweep lasts longer than the disturbances").toBe(false);
  database.kill();
  database.startAgain();
  while (!existsSync(merged)) await pause(50);
  expect(sha256Of(merged)).toBe(sha256Of(join(undisturbed, "results.parquet")));
  const { stdout } = await phasesweep("status", "--json", "--coordinator", coordinator);
  expect(JSON.parse(stdout).sweeps).toMatchObject([{ sweep: "pauses", mismatches: 0 }]);
  worker.process.kill("SIGTERM");
  expect((await worker.finished).code).toBe(0);
  fleet.stop();
});

test("what is no journal is refused, and no password is taken from a command line", async () => {
  const serve = (journal: string) =>
    phasesweep("serve", "--listen", "127.0.0.1:0", "--journal", journal);
  const cases = [
    [2, "mysql://a@b/c", /mysql: is no PostgreSQL database\n {2}fix: give postgres:/],
    [2, "nonsense", /it is not the URL of a database/],
    [2, "postgres://a@b/c?schema=A-B", /schema 'A-B' is not of lower-case letters/],
    [2, "postgres://a:secret@b/c", /a password in it, and everybody on this machine can read/],
    [1, "postgres://a@127.0.0.1:1/c", /the journal cannot be reached.*\n {2}fix: see that/],
  ] as const;
  for (const [code, journal, message] of cases) {
    const ended = await serve(journal);
    expect(ended.stderr).toMatch(message);
    expect(ended.code, journal).toBe(code);
    expect(ended.stderr).not.toContain("secret");
  }
});
