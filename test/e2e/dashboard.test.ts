import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  noBrowserBecause,
  openBrowser,
  type Watched,
  watch,
} from "../coordinator/dashboard/page/browser.ts";
import { freePort } from "../free_port.ts";
import { Cli, phasesweep, skipBecause, sweepFile, temporaryFolder } from "./cli.ts";

// The browser of whoever runs the tests is left alone: `run --open` opens none over SSH.
process.env["SSH_TTY"] ??= "none";

let browser: Browser;
const started: Cli[] = [];

beforeAll(async () => {
  if (noBrowserBecause === undefined) browser = await openBrowser();
});
afterAll(() => browser?.close());
beforeEach(({ skip }) => skipBecause(noBrowserBecause, skip));
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  for (const each of started.splice(0).reverse()) await each.killGroup();
});

function start(...args: string[]): Cli {
  const cli = new Cli(...args);
  started.push(cli);
  return cli;
}

async function open(address: string): Promise<{ page: Page; watched: Watched }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const watched = await watch(page, new URL(address).origin);
  await page.goto(address);
  return { page, watched };
}

/** More than any machine computes during this test. */
const ENDLESS = `name: endless
dataset: example4
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 2, to: 128, points: 97 }
seeds: 100000
`;

test("a sweep is submitted to a coordinator, watched, paused, resumed, opened and cancelled", async () => {
  const results = join(temporaryFolder(), "results");
  const server = start(
    ...["serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--results", results],
    ...["--shard-seconds", "0.2"],
  );
  const [address] = (await server.says(/http:\/\/127\.0\.0\.1:\d+\/(?=\s)/))!;
  const [, coordinator = ""] = await server.says(/listens on (\S+),/);
  const { page, watched } = await open(`${address}#/submit`);
  const file = page.getByLabel("Sweep file");
  const example = await file.inputValue();

  await file.fill(example.replace("loss: logistic", "loss: logistik"));
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("logistik").last().waitFor();
  await page.getByRole("button", { name: "Go to line 6" }).click();
  await file.fill(example);
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByRole("heading", { name: "first-sweep: 3,104 cells in 1 group" }).waitFor();

  await file.fill(ENDLESS);
  await page.getByRole("button", { name: "Submit", exact: true }).click();
  await page.getByRole("link", { name: "Watch endless" }).click();
  await page.locator(".map canvas").waitFor();
  start("worker", "--coordinator", coordinator, "--slots", "1");
  await page.getByText("lazy 0 %").waitFor({ state: "detached" });
  await page
    .getByRole("cell", { name: /^\d+\.\d+ \[/ })
    .first()
    .waitFor();

  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator(".badge.paused").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.locator(".badge.running").waitFor();

  // The bottom row is the first seed, which is computed first.
  const canvas = page.locator(".map canvas");
  await canvas.focus();
  await page.keyboard.press("+");
  await page.keyboard.press("0");
  await page.goto(`${address}#/sweep/endless/0`);
  await page.getByRole("heading", { name: "Cell 0" }).waitFor();
  await page.getByText("The curve was trained again just now.").waitFor();
  await page.getByText("Its row in the results").click();
  await page.getByRole("rowheader", { name: "loss_final" }).waitFor();
  await page.getByRole("button", { name: "Close" }).click();

  await page.getByRole("link", { name: "Fleet" }).click();
  await page.getByRole("cell", { name: "connected" }).waitFor();
  await page.goBack();
  await page.getByRole("button", { name: "Cancel…" }).click();
  await page.getByRole("button", { name: "Cancel the sweep" }).click();
  await page.locator(".badge.cancelled").waitFor();
  const { stdout } = await phasesweep("status", "--coordinator", coordinator, "--json");
  expect(stdout).toContain("cancelled");
  expect(watched.faults).toEqual([]);
});

test("the page of a run shows it to its end, and then its report and how to train a cell again", async () => {
  const folder = temporaryFolder();
  const text = `name: short
dataset: example4
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 2, to: 128, points: 97 }
seeds: 16
measure: [ntk, hessian]
`;
  const results = join(folder, "results");
  // With --open the page stays after the end.
  const run = start(
    ...["run", sweepFile(folder, text), "--results", results, "--slots", "1"],
    ...["--http", "127.0.0.1:0", "--open"],
  );
  const [address] = (await run.says(/http:\/\/127\.0\.0\.1:\d+\//))!;
  const { page, watched } = await open(`${address}#/sweep/short/40`);
  await page.locator(".badge.done").waitFor();
  await page.getByText(`phasesweep reproduce ${results} 40`).waitFor();
  expect(await page.getByRole("button", { name: "Pause" }).count()).toBe(0);
  expect(await page.getByRole("link", { name: "Submit" }).count()).toBe(0);
  expect(await page.title()).toBe("✓ short · phasesweep");
  // Boundaries are written after the sweep is done.
  await run.says(/the dashboard stays at/);
  const { stdout } = await phasesweep(
    ...["query", results, "--json"],
    "SELECT median(eta0) AS eta0 FROM boundaries",
  );
  const eta0 = /"eta0":\s*([\d.]+)/.exec(stdout)![1]!;
  // They come once more at the end, over all seeds.
  await page.getByText("16 and 16 of 16").waitFor();
  const shown = page.getByRole("row", { name: /example4/ });
  expect(await shown.textContent()).toContain(Number(eta0).toPrecision(4));

  const href = await page.getByRole("link", { name: "Report" }).getAttribute("href");
  const report = await page.request.get(new URL(href!, address).href);
  expect(report.status()).toBe(200);
  expect(await report.text()).toContain("<h1");
  expect(watched.faults).toEqual([]);
});

test("with credentials a browser has their role, and follows when a coordinator dies and another comes", async () => {
  const folder = temporaryFolder();
  const credentials = join(folder, "credentials");
  expect((await phasesweep("certs", credentials)).code).toBe(0);
  const port = await freePort();
  const serve = () =>
    start(
      ...["serve", "--listen", `127.0.0.1:${port}`, "--http", "127.0.0.1:0"],
      ...["--credentials", join(credentials, "coordinator"), "--results", join(folder, "results")],
    );
  let server = serve();
  await server.says(/listens on/);
  const coordinator = ["--coordinator", `127.0.0.1:${port}`, "--credentials"];
  const submitted = await phasesweep(
    ...["submit", sweepFile(folder, ENDLESS), ...coordinator, join(credentials, "submit")],
  );
  expect(submitted.stderr).toBe("");

  const gateway = start("dashboard", "--no-open", ...coordinator, join(credentials, "read"));
  await expect.poll(() => gateway.stdout + gateway.stderr).toMatch(/\/enter\/\S+/);
  const [entrance] = /http:\/\/\S+\/enter\/\S+/.exec(gateway.stdout + gateway.stderr)!;
  const { page, watched } = await open(entrance!);
  await page.getByRole("link", { name: "endless" }).click();
  await page.getByText("Reading only").waitFor();
  const status = await page.evaluate(`fetch("api/control", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sweep: "endless", control: "cancelled" }),
  }).then(({ status }) => status)`);
  expect([401, 403]).toContain(status);

  await server.killGroup();
  await page.locator(".connection.live").waitFor({ state: "detached" });
  server = serve();
  await server.says(/listens on/);
  await page.locator(".connection.live").waitFor();
  await page.locator(".map canvas").waitFor();
  await page.locator(".badge.running").waitFor();
  // What another browser is given opens nothing: the address let one in.
  const stranger = await page.context().browser()!.newContext();
  const answer = await stranger.request.get(entrance!);
  expect(answer.status()).toBe(403);
  expect(watched.faults).toEqual([]);
});
