import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { CELL } from "../../../../coordinator/dashboard/messages.ts";
import { skipBecause } from "../../../e2e/cli.ts";
import { noBrowserBecause, openBrowser, type Watched, watch } from "./browser.ts";
import { scriptedFleet } from "./scripted_fleet.ts";
import { boundariesOf, phaseOf, scriptedFailure, scriptedSweep } from "./scripted_sweep.ts";
import { StandIn } from "./stand_in.ts";

let browser: Browser;
let coordinator: StandIn;
let address: string;

beforeAll(async () => {
  if (noBrowserBecause === undefined) browser = await openBrowser();
});
afterAll(() => browser?.close());
beforeEach(async ({ skip }) => {
  skipBecause(noBrowserBecause, skip);
  coordinator = new StandIn();
  address = await coordinator.start();
});
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  await coordinator?.close();
});

async function open(
  hash: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; watched: Watched }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const watched = await watch(page, address);
  await page.goto(`${address}${hash}`);
  return { page, watched };
}

function small(name: string): void {
  coordinator.sweeps.set(name, scriptedSweep({ name, rates: 33, seeds: 8 }));
}

function fill(name: string, part: number): void {
  const { plan, summary } = coordinator.sweeps.get(name)!;
  const end = Math.floor(plan.cells * part);
  coordinator.fill(name, summary.cells_done, end - summary.cells_done, (c) => phaseOf(plan, c));
}

/** The colour of the map at parts of its frame from bottom left, once it is `wanted`. */
async function mapColour(page: Page, x: number, y: number, wanted: string): Promise<void> {
  // The frame as the painter has it, at 16 px a rem.
  const script = `(() => {
    const canvas = document.querySelector(".map canvas");
    const font = 0.78 * 16, left = Math.round(5.2 * font), top = Math.round(2 * font);
    const width = Math.round(canvas.clientWidth - left - 1.2 * font);
    const height = Math.round(canvas.clientHeight - top - 4 * font);
    const ratio = canvas.width / canvas.clientWidth;
    const at = [(left + ${x} * width) * ratio, (top + (1 - ${y}) * height) * ratio];
    const [r, g, b] = canvas.getContext("2d").getImageData(at[0], at[1], 1, 1).data;
    return [r, g, b].join(" ");
  })()`;
  await expect.poll(() => page.evaluate(script)).toBe(wanted);
}

/** Single cells have a tone of their own between those of the figures. */
const LAZY = "221 234 246";
const DIVERGENT = "62 38 47";
const FAILED = "214 0 108";

test("a sweep is checked, submitted, watched, paused, resumed, opened and cancelled", async () => {
  coordinator.submitted = ({ sweep_file }) => {
    if (!sweep_file.includes("learning_rate")) {
      throw new Error("sweep.yaml:3:1: there is no learning_rate\n  fix: add learning_rate: {…}");
    }
    return scriptedSweep({ name: "first-sweep", rates: 33, seeds: 8 });
  };
  const { page, watched } = await open("#/submit");
  const file = page.getByLabel("Sweep file");
  const example = await file.inputValue();
  await file.fill("name: x\ndataset: example4\nloss: logistic\n");
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("there is no learning_rate").waitFor();
  await page.getByRole("button", { name: "Go to line 3" }).click();
  const selected =
    "document.activeElement.value.slice(...['Start', 'End'].map((end) => document.activeElement['selection' + end]))";
  expect(await page.evaluate(selected)).toBe("loss: logistic");
  await file.fill(example);
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("264 cells would run").waitFor();
  await page.getByRole("button", { name: "Submit", exact: true }).click();
  await page.getByRole("link", { name: "Watch first-sweep" }).click();

  await page.getByRole("heading", { name: "first-sweep" }).waitFor();
  await expect.poll(() => coordinator.streams).toBe(1);
  await page.locator(".map canvas").waitFor();
  fill("first-sweep", 0.5);
  await mapColour(page, 0.1, 0.1, LAZY);
  await mapColour(page, 0.95, 0.1, DIVERGENT);
  await expect.poll(() => page.title()).toBe("50 % first-sweep · phasesweep");
  const { plan } = coordinator.sweeps.get("first-sweep")!;
  coordinator.tell("boundaries", boundariesOf(plan, 4));
  await page.getByText("8.000 [6.800, 9.200]").waitFor();

  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.getByLabel("Priority").fill("7");
  await page.getByRole("button", { name: "Set" }).click();
  await expect.poll(() => coordinator.sweeps.get("first-sweep")!.summary.priority).toBe(7);

  await page.locator(".map canvas").click({ position: { x: 300, y: 300 } });
  await page.getByText("phasesweep reproduce results/first-sweep").waitFor();
  await page.getByText("trained again just now").waitFor();
  await page.getByRole("button", { name: "larger η" }).click();
  await page.getByRole("button", { name: "Close" }).click();

  await page.getByRole("button", { name: "Cancel…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Keep it" }).click();
  expect(coordinator.sweeps.get("first-sweep")!.summary.state).toBe("running");
  await page.getByRole("button", { name: "Cancel…" }).click();
  await page.getByRole("button", { name: "Cancel the sweep" }).click();
  await page.locator(".badge.cancelled").waitFor();
  expect(watched.faults).toEqual([]);
});

test("a sweep that is done links its report, and its last cells are shown", async () => {
  small("done");
  const { page, watched } = await open("#/sweep/done");
  await page.locator(".map canvas").waitFor();
  fill("done", 1);
  coordinator.change("done", { state: "done", results_sha256: "ab".repeat(32) });
  const report = page.getByRole("link", { name: "Report" });
  expect(await report.getAttribute("href")).toBe("api/report?sweep=done");
  await page.getByText("ab".repeat(32)).waitFor();
  await mapColour(page, 0.95, 0.9, DIVERGENT);
  expect(watched.faults).toEqual([]);
});

test("everything can be done by keyboard", async () => {
  small("keys");
  fill("keys", 1);
  const { page, watched } = await open("#/");
  await page.getByRole("link", { name: "keys" }).waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.textContent")).toBe("keys");
  await page.keyboard.press("Enter");
  await page.locator(".map canvas").waitFor();
  for (let tabs = 0; tabs < 20; tabs++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate("document.activeElement.tagName === 'CANVAS'")) break;
  }
  await page.keyboard.press("ArrowRight");
  const readOut = page.locator(".read-out");
  await readOut.getByText("cell ").waitFor();
  const first = await readOut.textContent();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => readOut.textContent()).not.toBe(first);
  for (const key of ["+", "Shift+ArrowLeft", "-", "0"]) await page.keyboard.press(key);
  const cell = /cell (\d+)/.exec((await readOut.textContent())!)![1]!;
  await page.keyboard.press("Enter");
  const heading = page.getByRole("heading", { name: `Cell ${cell}`, exact: true });
  await heading.waitFor();
  expect(await page.evaluate("document.activeElement.id")).toBe("cell");
  await page.keyboard.press("ArrowLeft");
  await page.getByRole("heading", { name: `Cell ${Number(cell) - 1}`, exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".cell-panel").waitFor({ state: "detached" });
  await expect.poll(() => page.evaluate("document.activeElement.tagName")).toBe("CANVAS");
  expect(watched.faults).toEqual([]);
});

test("names and errors are text, whatever they hold", async () => {
  const name = `<img src=x onerror="alert(1)"> ../%2F#?&"'`;
  small(name);
  const scripted = coordinator.sweeps.get(name)!;
  scripted.failures = [
    scriptedFailure(13, "<script>alert(2)</script>\n  the worker died: SIGKILL"),
  ];
  coordinator.change(name, {
    state: "failed",
    description: "<b>bold</b>",
    cells_failed: 1,
    error: "</p><script>alert(3)</script>",
  });
  const { page, watched } = await open("#/");
  await page.getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByText("<script>alert(2)</script>").waitFor();
  await page.getByText("</p><script>alert(3)</script>").waitFor();
  await page.getByRole("link", { name: "Cell 13" }).click();
  await page.getByRole("heading", { name: "Cell 13" }).waitFor();
  expect(await page.locator("main img, main script, main b").count()).toBe(0);
  expect(coordinator.asked.some((path) => path.startsWith("/api/cell?"))).toBe(true);
  expect(watched.faults).toEqual([]);
});

test("the stream comes back after a failover, with what changed meanwhile", async () => {
  small("moved");
  const { page, watched } = await open("#/sweep/moved");
  await page.getByText("Live").waitFor();
  await page.locator(".map canvas").waitFor();
  coordinator.mode = { status: 503, reason: "node2 stands by; node1 leads" };
  coordinator.cut("node1 ends");
  await page.getByText("node2 stands by; node1 leads").waitFor();
  expect(await page.locator(".connection strong").textContent()).toBe("Standby");
  // What the next one knows is what counts: a sweep more, and cells that nobody was told of.
  small("another");
  const { plan } = coordinator.sweeps.get("moved")!;
  coordinator.fill("moved", 0, plan.cells, (cell) => phaseOf(plan, cell));
  coordinator.hello = { ...coordinator.hello, epoch: 2, host: "node2" };
  coordinator.mode = "live";
  await page.getByText("node2").waitFor();
  await mapColour(page, 0.95, 0.9, DIVERGENT);
  await page.getByRole("link", { name: "Sweeps" }).click();
  await page.getByRole("link", { name: "another" }).waitFor();

  coordinator.mode = { status: 401, reason: "this token was revoked" };
  coordinator.cut();
  await page.getByText("this token was revoked").waitFor();
  expect(await page.locator(".connection strong").textContent()).toBe("Signed out");
  coordinator.mode = "live";
  await page.getByRole("button", { name: "Try now" }).click();
  await page.getByText("Live").waitFor();
  expect(watched.faults).toEqual([]);
});

test("a hidden tab has no stream, and is current when it is seen again", async () => {
  small("hidden");
  const { page } = await open("#/sweep/hidden");
  await expect.poll(() => coordinator.streams).toBe(1);
  const setHidden = (hidden: boolean) =>
    page.evaluate(`
      Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    `);
  await setHidden(true);
  await expect.poll(() => coordinator.streams).toBe(0);
  fill("hidden", 1);
  await setHidden(false);
  await expect.poll(() => coordinator.streams).toBe(1);
  await expect.poll(() => page.title()).toBe("100 % hidden · phasesweep");
});

test("who may read only is told so", async () => {
  coordinator.hello = { ...coordinator.hello, may_submit: false };
  small("theirs");
  const { page } = await open("#/sweep/theirs");
  await page.getByText("Reading only").waitFor();
  expect(await page.getByRole("button", { name: "Pause" }).count()).toBe(0);
  await page.getByRole("link", { name: "Submit" }).click();
  await page.getByText("needs credentials of the role submit").waitFor();
  expect(await page.getByRole("button", { name: "Check" }).isDisabled()).toBe(true);
});

test("fleets of 1 to 10,000 workers are searched, sorted and updated", async () => {
  const { page, watched } = await open("#/fleet");
  for (const size of [1, 100, 1_000, 10_000]) {
    coordinator.workers = scriptedFleet(size);
    coordinator.cut();
    await expect.poll(() => page.locator("tbody tr").count()).toBe(Math.min(100, size));
    await page
      .getByText(size === 1 ? "1" : size.toLocaleString("en-GB"), { exact: false })
      .first()
      .waitFor();
    await watched.longTasks();
    await page.getByRole("button", { name: "cells", exact: true }).click();
    const changed = coordinator.workers.map((worker) => ({ ...worker, cells_per_second: 77 }));
    for (let i = 0; i < 5; i++) {
      const workers = changed.slice(0, Math.ceil(size / 5));
      const { totals } = {
        totals: {
          workers: size,
          connected: size,
          draining: 0,
          slots: i,
          leases: 0,
          cells_per_second: 77,
        },
      };
      coordinator.tell("fleet", { totals, workers, left: [] });
      await page.waitForTimeout(100);
    }
    process.stderr.write(
      `${size} workers: long tasks ${JSON.stringify(await watched.longTasks())} ms\n`,
    );
    await page.getByRole("button", { name: "worker", exact: true }).click();
  }
  await page.getByLabel("Search").fill("worker-9999");
  await expect.poll(() => page.locator("tbody tr").count()).toBe(1);
  await page.getByRole("link", { name: "worker-9999" }).click();
  await page.getByRole("heading", { name: "worker-9999" }).waitFor();
  await page
    .getByText("another worker has them too")
    .or(page.getByText("holds no lease"))
    .waitFor();
  expect(watched.faults).toEqual([]);
});

test("a million cells fill in, and the map is zoomed and moved meanwhile", async () => {
  coordinator.sweeps.set("big", scriptedSweep({ name: "big", rates: 1_000, seeds: 1_000 }));
  const { page, watched } = await open("#/sweep/big");
  const canvas = page.locator(".map canvas");
  await canvas.waitFor();
  await watched.longTasks();
  await page.evaluate(`
    globalThis.frames_ms = [];
    let last = performance.now();
    const tick = (now) => { frames_ms.push(now - last); last = now; requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
  `);
  const box = (await canvas.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let i = 1; i <= 20; i++) {
    fill("big", i / 20);
    await page.mouse.wheel(0, i % 4 === 3 ? 200 : -120);
    await page.waitForTimeout(30);
  }
  await canvas.focus();
  for (let i = 0; i < 8; i++)
    await page.keyboard.press(i % 2 ? "Shift+ArrowLeft" : "Shift+ArrowUp");
  const frames = ((await page.evaluate("frames_ms.slice()")) as number[]).sort((a, b) => a - b);
  const at = (part: number) => Math.round(frames[Math.floor(part * (frames.length - 1))]!);
  process.stderr.write(
    `a million cells: frames ${at(0.5)} ms (median), ${at(0.95)} ms (95 %), long tasks ${JSON.stringify(await watched.longTasks())} ms\n`,
  );
  await page.keyboard.press("0");
  await mapColour(page, 0.02, 0.999, LAZY);
  await mapColour(page, 0.97, 0.5, DIVERGENT);
  expect(watched.faults).toEqual([]);
});

test("single failed cells among four millions are seen without zooming", async () => {
  const scripted = scriptedSweep({ name: "many", rates: 4_000, seeds: 1_000 });
  scripted.states.fill(CELL.lazy);
  coordinator.sweeps.set("many", scripted);
  const { page, watched } = await open("#/sweep/many", { viewport: { width: 800, height: 800 } });
  await mapColour(page, 0.5, 0.5, LAZY);
  for (let i = 1; i < 10; i++) {
    // Between them are those that pixels look at.
    const [column, row] = [397 * i, 97 * i];
    coordinator.fill("many", row * 4_000 + column, 1, () => CELL.failed);
    await mapColour(page, (column + 0.5) / 4_000, (row + 0.5) / 1_000, FAILED);
  }
  expect(watched.faults).toEqual([]);
});
