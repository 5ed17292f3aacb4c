import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import type { SweepPlan } from "../../coordinator/dashboard/messages.ts";
import { sleep, systemClock } from "../../shared/clock.ts";
import { openBrowser } from "../coordinator/dashboard/page/browser.ts";
import { formatNumber, formatTable } from "./table.ts";

/** Seeds, and learning rates that are asked for; the lattice makes some more of those. */
const SIDE = 1024;
/** All workers together; the sweep then takes about half a minute. */
const CELLS_PER_SECOND = 40_000;
const WORKERS = [1, 100, 1_000];
/** Those of one process share a connection, which has a limit of open calls. */
const PROCESS_WORKERS = 50;
const BEFORE_MS = 5_000;
const WATCHED_MS = 12_000;
/** Linux counts a process' time in these. */
const TICKS_PER_SECOND = 100;

interface Row {
  readonly workers: number;
  readonly cells: number;
  readonly page: string;
  /** From the request of the page to the first picture of its map, or to its table. */
  readonly shown_ms: number;
  readonly frames_per_second: number;
  /** Tasks of the page's thread above 50 ms from its request on, and the longest of them; 0: there was none. */
  readonly long_tasks: number;
  readonly longest_task_ms: number;
  /** From an input to the next picture after it, at most. */
  readonly slowest_input_ms: number;
  readonly received_kb_per_second: number;
  /** Of one core: the coordinator with this page open, and just before. */
  readonly coordinator_share: number;
  readonly coordinator_share_before: number;
}

export interface DashboardReport {
  readonly cells: number;
  readonly rows: readonly Row[];
}

/** The page in Chromium on a real coordinator with real cells, while people use it. */
export async function benchDashboard(): Promise<DashboardReport> {
  const browser = await openBrowser();
  const rows: Row[] = [];
  try {
    for (const workers of WORKERS) {
      process.stderr.write(`${workers} workers\n`);
      for (const row of await watchFleet(browser, workers)) {
        process.stderr.write(`${JSON.stringify(row)}\n`);
        rows.push(row);
      }
    }
  } finally {
    await browser.close();
  }
  return { cells: rows[0]!.cells, rows };
}

async function watchFleet(browser: Browser, workers: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-bench-"));
  const children: ChildProcess[] = [];
  try {
    const main = fileURLToPath(new URL("../../cli/main.js", import.meta.url));
    const here = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--results", folder];
    const coordinator = start([main, "serve", ...here], children);
    const [, http = "", grpc = ""] = await said(
      coordinator,
      /dashboard at (http:\/\/[\d.:]+)[\s\S]*listens on ([\d.:]+)/,
    );
    const fleet = fileURLToPath(new URL("./paced_fleet.js", import.meta.url));
    for (let first = 0; first < workers; first += PROCESS_WORKERS) {
      const count = Math.min(PROCESS_WORKERS, workers - first);
      const pace = (CELLS_PER_SECOND * count) / workers;
      start([fleet, grpc, String(first), String(count), String(pace)], children);
    }
    await connected(http, workers);
    await submit(http);
    const plan = await fetch(`${http}/api/plan?sweep=bench`);
    const { cells } = (await plan.json()) as SweepPlan;
    const before = processorTime(coordinator);
    await sleep(systemClock, BEFORE_MS);
    const share_before = (processorTime(coordinator) - before) / (BEFORE_MS / 1000);
    const rows: Row[] = [];
    const look = (name: string, hash: string, use: (page: Page) => Promise<void>) =>
      watch(browser, `${http}/${hash}`, coordinator, use).then((seen) =>
        rows.push({ workers, cells, page: name, coordinator_share_before: share_before, ...seen }),
      );
    await look("map, running", "#/sweep/bench", useMap);
    await look("fleet, running", "#/fleet", useFleet);
    await isDone(http);
    await look("map, done", "#/sweep/bench", useMap);
    return rows;
  } finally {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

type Seen = Omit<Row, "workers" | "cells" | "page" | "coordinator_share_before">;

/** What a page is like while somebody uses it. */
async function watch(
  browser: Browser,
  url: string,
  coordinator: ChildProcess,
  use: (page: Page) => Promise<void>,
): Promise<Seen> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  try {
    const network = await page.context().newCDPSession(page);
    let bytes = 0;
    await network.send("Network.enable");
    network.on("Network.dataReceived", (event) => {
      bytes += event.encodedDataLength > 0 ? event.encodedDataLength : event.dataLength;
    });
    await page.addInitScript(PROBE);
    const began_ms = systemClock.nowMs();
    await page.goto(url);
    await page.locator("canvas, table").first().waitFor();
    const shown_ms = systemClock.nowMs() - began_ms;
    await page.evaluate("probe.frames = 0");
    const time = processorTime(coordinator);
    const bytes_before = bytes;
    const from_ms = systemClock.nowMs();
    while (systemClock.nowMs() - from_ms < WATCHED_MS) await use(page);
    const watched_s = (systemClock.nowMs() - from_ms) / 1000;
    const found = await page.evaluate<Probe>("probe");
    return {
      shown_ms,
      frames_per_second: found.frames / watched_s,
      long_tasks: found.tasks.length,
      longest_task_ms: Math.max(0, ...found.tasks),
      slowest_input_ms: Math.max(0, ...found.inputs),
      received_kb_per_second: (bytes - bytes_before) / watched_s / 1000,
      coordinator_share: (processorTime(coordinator) - time) / watched_s,
    };
  } finally {
    await page.close();
  }
}

interface Probe {
  readonly frames: number;
  readonly tasks: readonly number[];
  readonly inputs: readonly number[];
}

/** Runs in the page, before anything of its own. */
const PROBE = `
  globalThis.probe = { frames: 0, tasks: [], inputs: [] };
  const observe = (type, options, into) =>
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) probe[into].push(duration);
    }).observe({ type, ...options });
  observe("longtask", {}, "tasks");
  observe("event", { durationThreshold: 16 }, "inputs");
  const frame = () => {
    probe.frames++;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);`;

/** A round of zooming in and out and of dragging on the map, with a look at single cells. */
async function useMap(page: Page): Promise<void> {
  const box = await page.locator("canvas").first().boundingBox();
  if (box === null) throw new Error("the page shows no map");
  const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(0.6, 0.5));
  for (let i = 0; i < 5; i++) await page.mouse.wheel(0, -120);
  await page.mouse.down();
  await page.mouse.move(...at(0.3, 0.4), { steps: 10 });
  await page.mouse.up();
  await page.mouse.move(...at(0.7, 0.6), { steps: 10 });
  for (let i = 0; i < 5; i++) await page.mouse.wheel(0, 120);
}

/** Sorting and searching, at the pace of somebody who is quick. */
async function useFleet(page: Page): Promise<void> {
  const heads = page.locator("thead button");
  for (let i = 0; i < (await heads.count()); i++) {
    await heads.nth(i).click();
    await page.waitForTimeout(100);
  }
  const search = page.locator("input[type=search]").first();
  await search.fill("node07");
  await page.waitForTimeout(200);
  await search.fill("");
}

function start(argv: readonly string[], children: ChildProcess[]): ChildProcess {
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  return child;
}

/** What a process writes, up to the first match. */
function said(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let text = "";
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      text += chunk;
      const found = pattern.exec(text);
      if (found !== null) resolve(found);
    };
    child.stdout!.on("data", read);
    child.stderr!.on("data", read);
    child.on("exit", () => reject(new Error(`it ended: ${text}`)));
  });
}

async function connected(http: string, workers: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${http}/metrics`)).text();
    const [, count] = /^phasesweep_workers\S* (\d+)/m.exec(text) ?? [];
    if (Number(count) >= workers) return;
    await sleep(systemClock, 200);
  }
}

async function submit(http: string): Promise<void> {
  const sweep_file = `{name: bench, dataset: example4, loss: logistic, seeds: ${SIDE},
    model: {hidden_layers: 1, width: 100}, training: {steps: 100}, measure: [ntk],
    learning_rate: {from: 2, to: 60, points: ${SIDE}, scale: log}}`;
  const answer = await fetch(`${http}/api/submit`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sweep_file }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

async function isDone(http: string): Promise<void> {
  const stream = await fetch(`${http}/api/stream?sweep=bench`);
  let text = "";
  for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
    text = (text + chunk).slice(-100_000);
    if (text.includes('"state":"done"')) return;
  }
}

/** Seconds of the processor that a process took, where Linux says so. */
function processorTime({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function formatDashboardReport({ cells, rows }: DashboardReport): string {
  const head = [
    ...["workers", "page", "shown ms", "frames/s", "tasks > 50 ms", "longest", "slowest input ms"],
    ...["kB/s", "coordinator %", "before %"],
  ];
  const lines = rows.map((row) => [
    ...[formatNumber(row.workers), row.page, formatNumber(row.shown_ms)],
    ...[row.frames_per_second, row.long_tasks, row.longest_task_ms].map(formatNumber),
    ...[row.slowest_input_ms, row.received_kb_per_second].map(formatNumber),
    ...[100 * row.coordinator_share, 100 * row.coordinator_share_before].map(formatNumber),
  ]);
  return [
    `${formatNumber(cells)} cells, ${formatNumber(CELLS_PER_SECOND)} a second; Chromium without a GPU`,
    formatTable([head, ...lines], [1]),
  ].join("\n");
}
