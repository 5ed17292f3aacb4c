import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CELL } from "../../coordinator/dashboard/messages.ts";
import { noBrowserBecause, openBrowser, watch } from "../coordinator/dashboard/page/browser.ts";
import { freePort } from "../free_port.ts";
import { PostgresServer } from "../postgres.ts";
import { Cli, phasesweep, skipBecause, sweepFile, temporaryFolder } from "./cli.ts";

const SWEEP = `
name: watched
dataset: example4
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 2, to: 128, points: 97 }
seeds: 4000
training: { steps: 200 }
`;

const problem = PostgresServer.problem() ?? noBrowserBecause;
const results = join(temporaryFolder(), "results");
const coordinators: Cli[] = [];
let database: PostgresServer;
let browser: Browser;
let page: Page;
let coordinator: string;
const others: Cli[] = [];

/** Two coordinators on one journal, of which one leads, and a page by way of `phasesweep dashboard`. */
beforeAll(async () => {
  if (problem !== undefined) return;
  const [server, opened, one, two] = await Promise.all([
    ...[PostgresServer.start(), openBrowser(), freePort(), freePort()],
  ] as const);
  database = server;
  browser = opened;
  const addresses = [`127.0.0.1:${one}`, `127.0.0.1:${two}`];
  coordinator = addresses.join(",");
  for (const address of addresses) coordinators.push(serve(address));
  await leaderOf(coordinators);
}, 60_000);
afterAll(async () => {
  for (const each of [...others, ...coordinators]) await each.killGroup();
  await browser?.close();
  database?.remove();
});
beforeEach(({ skip }) => skipBecause(problem, skip));

function serve(address: string): Cli {
  return new Cli(
    ...["serve", "--listen", address, "--http", "127.0.0.1:0", "--results", results],
    ...["--journal", database.url("watched"), "--takeover-seconds", "2"],
    ...["--shard-seconds", "0.2", "--lease-seconds", "10"],
  );
}

/** The one of these that says it leads, once one does. */
async function leaderOf(among: readonly Cli[]): Promise<Cli> {
  return Promise.any(among.map((each) => each.says(/coordinator listens on/).then(() => each)));
}

async function openPage() {
  const gateway = new Cli("dashboard", "--no-open", "--coordinator", coordinator);
  others.push(gateway);
  await expect.poll(() => gateway.stdout, { timeout: 30_000 }).toMatch(/\/enter\/\S+/);
  const [entrance] = /http:\/\/\S+\/enter\/\S+/.exec(gateway.stdout)!;
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(30_000);
  const watched = await watch(page, new URL(entrance!).origin);
  await page.goto(entrance!);
  return watched;
}

/** The map's picture, and whether the page is still the one that was opened. */
const picture = () => page.evaluate(`document.querySelector(".map canvas").toDataURL()`);
const isSamePage = () => page.evaluate("globalThis.isMarked === true");

test("the page of a leader that is killed says so, follows the next, and ends complete", {
  timeout: 120_000,
}, async () => {
  const watched = await openPage();
  const file = sweepFile(temporaryFolder(), SWEEP);
  expect((await phasesweep("submit", file, "--coordinator", coordinator)).code).toBe(0);
  await page.getByRole("link", { name: "watched" }).click();
  await page.evaluate("globalThis.isMarked = true");
  const origin = await page.evaluate("location.origin");
  others.push(new Cli("worker", "--coordinator", coordinator, "--slots", "1"));
  await page.getByText("lazy 0 %").waitFor({ state: "detached" });

  const leader = await leaderOf(coordinators);
  await leader.killGroup();
  await page.locator(".connection.live").waitFor({ state: "detached" });
  expect(await page.locator(".badge").textContent()).toContain("running");
  const next = coordinators.filter((each) => each !== leader);
  await leaderOf(next);
  await page.locator(".connection.live").waitFor();
  await page.locator(".badge.done").waitFor({ timeout: 90_000 });
  expect(await isSamePage()).toBe(true);
  expect(await page.evaluate("location.origin")).toBe(origin);

  // What the page has gathered is what the merged file holds, to the last cell.
  const shown = await settledPicture();
  const states = (await page.evaluate(`fetch("api/cells?sweep=watched")
    .then((answer) => answer.arrayBuffer()).then((bytes) => [...new Uint8Array(bytes)])`)) as number[];
  expect(states).toEqual(await codesOf(join(results, "watched", "results.parquet")));
  await page.reload();
  await page.locator(".map canvas").waitFor();
  expect(await settledPicture()).toBe(shown);
  expect(watched.faults).toEqual([]);
});

test("the page of a leader that stands still follows the next, within seconds", {
  timeout: 120_000,
}, async ({ skip }) => {
  if (page === undefined) skip("there is no page");
  // The one that was killed comes back, and stands by.
  const [killed, leader] = coordinators[0]!.process.signalCode === null ? [1, 0] : [0, 1];
  coordinators[killed] = serve(coordinator.split(",")[killed]!);
  await coordinators[killed].says(/standing by/);
  await page.locator(".connection.live").waitFor();
  await page.evaluate("globalThis.isMarked = true");
  const began_ms = performance.now();
  coordinators[leader]!.process.kill("SIGSTOP");
  await page.locator(".connection.live").waitFor({ state: "detached", timeout: 60_000 });
  const noticed_ms = performance.now() - began_ms;
  await page.locator(".connection.live").waitFor();
  process.stderr.write(`a leader that stands still: left after ${Math.round(noticed_ms)} ms\n`);
  expect(coordinators[killed].stderr).toContain("coordinator listens on");
  await page.getByRole("link", { name: "Sweeps" }).click();
  await page.getByRole("link", { name: "watched" }).click();
  await page.locator(".map canvas").waitFor();
  expect(await isSamePage()).toBe(true);
  coordinators[leader]!.process.kill("SIGCONT");
});

/** The picture of the map once it has all boundaries and changes no more. */
async function settledPicture(): Promise<string> {
  await page.getByText("4000 and 4000 of 4000").waitFor();
  let before = "";
  await expect
    .poll(
      async () => {
        const [last, now] = [before, (await picture()) as string];
        before = now;
        return now === last;
      },
      { interval: 300, timeout: 30_000 },
    )
    .toBe(true);
  return before;
}

/** The code of every cell, in the order of the plan, as the rows of a sweep say. */
async function codesOf(path: string): Promise<number[]> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  try {
    const sql = `SELECT phase FROM '${path}' ORDER BY seed, learning_rate`;
    const rows = (await connection.runAndReadAll(sql)).getRows();
    return rows.map(([phase]) => CELL[phase as "lazy"]);
  } finally {
    connection.closeSync();
  }
}
