import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import { packageVersion } from "../../shared/package_info.ts";
import { call, connectCoordinator } from "../../shared/rpc.ts";
import { MAIN, pause, phasesweep, Spawned, sha256Of, sweepFile, temporaryFolder } from "./cli.ts";
import { release } from "./releases.ts";

/** About 2 s on two cores. */
const SWEEP = `
name: upgraded
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 160
training: { steps: 200 }
measure: [ntk, hessian]
`;
const folder = temporaryFolder();
const sweep = sweepFile(folder, SWEEP);
let undisturbed = "";
/** Built anew for this file: a release that says nothing of itself, and one that says more. */
let first = "";
let later = "";

const running: Spawned[] = [];
beforeAll(async () => {
  const results = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", results)).code).toBe(0);
  undisturbed = sha256Of(join(results, "results.parquet"));
  first = release({ version: "0.1.0", saysLess: true });
  later = release({ version: "9.9.9", protocol: { min: 2, max: 9 }, saysMore: true });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.killGroup()));
});

function start(main: string, ...args: string[]): Spawned {
  const started = new Spawned(process.execPath, [main, ...args]);
  running.push(started);
  return started;
}

async function serve(main: string, results: string, listen = "127.0.0.1:0") {
  const place = ["--listen", listen, "--results", results];
  const server = start(main, "serve", ...place, "--shard-seconds", "0.1", "--lease-seconds", "4");
  const [, address = ""] = await server.says(/listens on (\S+),/);
  return { server, address };
}

function work(main: string, address: string, name: string): Spawned {
  return start(main, "worker", "--coordinator", address, "--slots", "1", "--name", name);
}

async function submit(main: string, address: string, path = sweep): Promise<void> {
  const { code, stderr } = await start(main, "submit", path, "--coordinator", address).finished;
  expect(code, stderr).toBe(0);
}

async function status(address: string): Promise<GetStatusResponse__Output> {
  const client = connectCoordinator(address, {});
  try {
    return await call((callback) => client.GetStatus({}, callback));
  } finally {
    client.close();
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(50);
}

/** The releases that computed a sweep, by worker. */
async function releasesOf(results: string): Promise<Record<string, string>> {
  const sql = "SELECT DISTINCT worker, version FROM provenance ORDER BY ALL";
  const { stdout } = await phasesweep("query", results, sql, "--json");
  const rows: { worker: string; version: string }[] = JSON.parse(stdout);
  // The name of a supervised worker has a suffix for its process.
  return Object.fromEntries(rows.map(({ worker, version }) => [worker.split("/")[0]!, version]));
}

test("a coordinator works with workers of earlier and of later releases", async () => {
  const results = join(folder, "mixed-workers");
  const { address } = await serve(MAIN, results);
  const workers = [work(first, address, "first"), work(later, address, "later")];
  for (const worker of workers) await worker.says(/connected/);
  await submit(MAIN, address);
  const { workers: shown } = await status(address);
  const versions = shown.map(({ version }) => version).sort();
  expect(versions).toEqual(["0.1.0", "9.9.9"]);
  const merged = join(results, "upgraded", "results.parquet");
  await until(() => existsSync(merged));
  expect(sha256Of(merged)).toBe(undisturbed);
  await until(async () => (await status(address)).sweeps[0]!.state === "done");
  const releases = await releasesOf(join(results, "upgraded"));
  expect(new Set(Object.values(releases))).toEqual(new Set(["0.1.0", "9.9.9"]));
  for (const { process: it } of workers) expect(it.exitCode).toBeNull();
});

test("workers of this release and later ones work for a later coordinator, not those it left behind", async () => {
  const results = join(folder, "later-coordinator");
  const { address } = await serve(later, results);
  const worker = work(MAIN, address, "this");
  await worker.says(/connected/);
  await submit(MAIN, address);
  // It speaks protocol 2 to 9, and the first release only 1.
  const left = await work(first, address, "first").finished;
  expect(left.code).toBe(1);
  expect(left.stderr).toMatch(
    /refused: worker 0\.1\.0 speaks protocol 1 to 1, coordinator 9\.9\.9 2 to 9; upgrade the worker/,
  );
  const merged = join(results, "upgraded", "results.parquet");
  await until(() => existsSync(merged));
  expect(sha256Of(merged)).toBe(undisturbed);
  expect(worker.process.exitCode).toBeNull();
});

test("coordinator and workers are replaced by a later release while a sweep runs", async () => {
  const results = join(folder, "rolling");
  const listen = `127.0.0.1:${await freePort()}`;
  const { server } = await serve(MAIN, results, listen);
  const workers = [work(MAIN, listen, "old-1"), work(MAIN, listen, "old-2")];
  await submit(MAIN, listen);
  const merged = join(results, "upgraded", "results.parquet");
  const done = async () => (await status(listen)).sweeps[0]!.cellsDone;
  await until(async () => (await done()) > 0);
  await server.killGroup();
  await serve(later, results, listen);
  for (const [i, old] of workers.entries()) {
    const before = await done();
    old.process.kill("SIGTERM");
    expect((await old.finished).code).toBe(0);
    work(later, listen, `new-${i + 1}`);
    await until(async () => existsSync(merged) || (await done()) > before);
  }
  await until(() => existsSync(merged));
  expect(sha256Of(merged)).toBe(undisturbed);
  await until(async () => (await status(listen)).sweeps[0]!.state === "done");
  const releases = new Set(Object.values(await releasesOf(join(results, "upgraded"))));
  expect(releases).toEqual(new Set([packageVersion, "9.9.9"]));
});

test("workers with other kernels leave a sweep alone, and have those of their own", async () => {
  const results = join(folder, "kernels");
  const changed = release({ version: "9.9.9", kernels: 4 });
  const { server, address } = await serve(MAIN, results, `127.0.0.1:${await freePort()}`);
  const old = work(MAIN, address, "old");
  await submit(MAIN, address);
  const of = async (name: string) =>
    (await status(address)).sweeps.find(({ sweep }) => sweep === name)!;
  await until(async () => (await of("upgraded")).cellsDone > 0);
  old.process.kill("SIGTERM");
  await old.finished;
  await server.killGroup();
  await serve(changed, results, address);
  const { cellsDone } = await of("upgraded");

  const fresh = work(changed, address, "new");
  await fresh.says(/connected/);
  await until(async () => (await of("upgraded")).trouble !== "");
  expect((await of("upgraded")).trouble).toBe(
    "its cells are of kernel version 3, and the workers (phasesweep 9.9.9) have 4: start workers of the release that it began with, or cancel it and submit it anew under another name",
  );
  const second = sweepFile(temporaryFolder(), SWEEP.replace("upgraded", "second"));
  await submit(changed, address, second);
  await until(async () => (await of("second")).state === "done");
  // Of equal shapes, yet not one cell of the old sweep was taken for the new one, or computed.
  expect((await of("second")).cells).toBe((await of("upgraded")).cells);
  expect((await of("upgraded")).cellsDone).toBe(cellsDone);

  // Nor is a row of one kind held against the engines of another.
  const foreign = join(results, "second");
  const { code, stderr } = await phasesweep("reproduce", foreign, "5");
  expect(code).toBe(2);
  expect(stderr).toContain("the row is of kernel version 4, not 3 as here");

  work(MAIN, address, "again");
  await until(async () => (await of("upgraded")).state === "done");
  expect(sha256Of(join(results, "upgraded", "results.parquet"))).toBe(undisturbed);
  const both = [
    await releasesOf(join(results, "upgraded")),
    await releasesOf(join(results, "second")),
  ];
  expect(both.map((each) => [...new Set(Object.values(each))])).toEqual([
    [packageVersion],
    ["9.9.9"],
  ]);
});

test("a plan of other kernels is not handed to a coordinator that would not tell them apart", async () => {
  const { address } = await serve(first, join(folder, "unaware"));
  const changed = release({ version: "9.9.9", kernels: 4 });
  const { code, stderr } = await start(changed, "submit", sweep, "--coordinator", address).finished;
  expect(code).toBe(2);
  expect(stderr).toContain("its cells are of kernel version 4");
  expect(stderr).toContain("upgrade the coordinator first");
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
