import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { call, connectCoordinator } from "../../shared/rpc.ts";
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

/**
 * The procedures of deploy/README.md: what is copied while a sweep runs is restored elsewhere, and the
 * sweep goes on there to the bytes of the undisturbed run.
 */
const SWEEP = `
name: copied
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 80
training: { steps: 200 }
measure: [ntk, hessian]
`;
const folder = temporaryFolder();
const sweep = sweepFile(folder, SWEEP);
let undisturbed = "";
const postgresProblem = PostgresServer.problem();
let database: PostgresServer | undefined;

const running: Cli[] = [];
beforeAll(async () => {
  const results = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", results)).code).toBe(0);
  undisturbed = sha256Of(join(results, "results.parquet"));
  if (postgresProblem === undefined) database = await PostgresServer.start();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.killGroup()));
});
afterAll(() => database?.remove());

function start(...args: string[]): Cli {
  const started = new Cli(...args);
  running.push(started);
  return started;
}

/** A coordinator on a folder, and on a journal where one is given. */
async function serve(results: string, journal?: string) {
  const place = ["--listen", "127.0.0.1:0", "--results", results, "--shard-seconds", "0.1"];
  const server = start("serve", ...place, ...(journal === undefined ? [] : ["--journal", journal]));
  const [, address = ""] = await server.says(/listens on (127\S+?),/);
  return { server, address };
}

async function status(address: string): Promise<SweepStatus__Output | undefined> {
  const client = connectCoordinator(address);
  try {
    const answer = await call<GetStatusResponse__Output>((callback) =>
      client.GetStatus({}, callback),
    );
    return answer.sweeps[0];
  } catch {
    // A standby that has just become the leader has not taken up its sweeps.
    return undefined;
  } finally {
    client.close();
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(30);
}

/** Starts a sweep and resolves once some of it is committed. */
async function halfWay(address: string): Promise<void> {
  start("worker", "--coordinator", address, "--slots", "1");
  expect((await phasesweep("submit", sweep, "--coordinator", address)).code).toBe(0);
  await until(async () => {
    const { cells = 0, cellsDone = 0 } = (await status(address)) ?? {};
    return cellsDone > cells / 10;
  });
}

/** Lets a restored sweep go on: some of it is there, and what comes out has the right bytes. */
async function goesOn(results: string, address: string): Promise<void> {
  await until(async () => (await status(address)) !== undefined);
  const { cellsDone, cells, state } = (await status(address))!;
  expect(state).toBe("running");
  expect(cellsDone).toBeGreaterThan(0);
  expect(cellsDone).toBeLessThan(cells);
  start("worker", "--coordinator", address, "--slots", "1");
  const merged = join(results, "copied", "results.parquet");
  await until(() => existsSync(merged));
  expect(sha256Of(merged)).toBe(undisturbed);
}

test("a folder that was copied while its coordinator was down goes on elsewhere, and so does it", async () => {
  const [results, copy] = [join(folder, "stopped"), join(folder, "stopped-copy")];
  const { server, address } = await serve(results);
  await halfWay(address);
  server.process.kill("SIGTERM");
  expect((await server.finished).code).toBe(0);
  cpSync(results, copy, { recursive: true });
  await goesOn(copy, (await serve(copy)).address);
  await goesOn(results, (await serve(results)).address);
});

test("a folder as it was at one moment, which is what a snapshot is, goes on elsewhere", async () => {
  const [results, copy] = [join(folder, "live"), join(folder, "live-copy")];
  const { server, address } = await serve(results);
  await halfWay(address);
  // Nothing is written while it stands still, so the copy is of one moment.
  server.process.kill("SIGSTOP");
  cpSync(results, copy, { recursive: true });
  server.process.kill("SIGCONT");
  await goesOn(copy, (await serve(copy)).address);
});

test("a dump of the database and then a copy of the folder go on elsewhere", async ({ skip }) => {
  skipBecause(postgresProblem, skip);
  const [results, copy] = [join(folder, "fleet"), join(folder, "fleet-copy")];
  const { address } = await serve(results, database!.url("fleet"));
  await halfWay(address);
  const dump = database!.dump("fleet");
  // It works on, so the folder has more than the database knew of.
  const { cellsDone } = (await status(address))!;
  await until(async () => (await status(address))!.cellsDone > cellsDone);
  cpSync(results, copy, { recursive: true });
  const restored = database!.restore(dump, "restored", "fleet");
  await goesOn(copy, (await serve(copy, restored)).address);
});

test("a folder that was copied before the database was dumped loses time, and no cell", async ({
  skip,
}) => {
  skipBecause(postgresProblem, skip);
  const [results, copy] = [join(folder, "early"), join(folder, "early-copy")];
  const { address } = await serve(results, database!.url("early"));
  await halfWay(address);
  cpSync(results, copy, { recursive: true });
  const { cellsDone } = (await status(address))!;
  await until(async () => (await status(address))!.cellsDone > cellsDone);
  const restored = database!.restore(database!.dump("early"), "restored_early", "early");
  await goesOn(copy, (await serve(copy, restored)).address);
});
