import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { skipBecause } from "../../../e2e/cli.ts";
import { noBrowserBecause, openBrowser, watch } from "./browser.ts";
import { phaseOf, scriptedSweep } from "./scripted_sweep.ts";
import { StandIn } from "./stand_in.ts";

let browser: Browser;
const coordinator = new StandIn();
let page: Page;
let input: CDPSession;

beforeAll(async () => {
  if (noBrowserBecause === undefined) browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  if (browser !== undefined) await coordinator.close();
});
beforeEach(({ skip }) => skipBecause(noBrowserBecause, skip));

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Fingers go down, along straight lines in a few steps, and up; points of the viewport. */
async function gesture(from: readonly Point[], to: readonly Point[]): Promise<void> {
  const send = (type: "touchStart" | "touchMove" | "touchEnd", points: readonly Point[]) =>
    input.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: points.map(({ x, y }, id) => ({ x, y, id })),
    });
  // One after the other, as fingers are.
  for (let count = 1; count <= from.length; count++) await send("touchStart", from.slice(0, count));
  const steps = 8;
  for (let step = 1; step <= steps; step++) {
    const part = step / steps;
    await send(
      "touchMove",
      from.map(({ x, y }, i) => ({
        x: x + part * (to[i]!.x - x),
        y: y + part * (to[i]!.y - y),
      })),
    );
  }
  await send("touchEnd", []);
}

const scrolled = () => page.evaluate<number>("Math.round(scrollY)");
/** The page goes on for a while after a finger has left. */
async function atRest(): Promise<void> {
  let last = Number.NaN;
  const isSame = async () => {
    const [before, now] = [last, await scrolled()];
    last = now;
    return before === now;
  };
  await expect.poll(isSame, { interval: 200 }).toBe(true);
}

const isZoomed = () => page.evaluate(`document.querySelector(".map canvas").matches(".zoomed")`);

/** The number of the cell at a point, by the map's read-out. */
async function cellAt({ x, y }: Point): Promise<number> {
  const readOut = page.locator(".read-out");
  await page.mouse.move(x + 1, y);
  await page.mouse.move(x, y);
  await page.waitForTimeout(50);
  return Number(/cell (\d+)/.exec((await readOut.textContent()) ?? "")?.[1] ?? Number.NaN);
}

test("one finger scrolls the page until the map is zoomed by two, and then moves the map", async () => {
  coordinator.sweeps.set("touch", scriptedSweep({ name: "touch", rates: 65, seeds: 64 }));
  const { plan } = coordinator.sweeps.get("touch")!;
  coordinator.fill("touch", 0, plan.cells, (cell) => phaseOf(plan, cell));
  const address = await coordinator.start();
  const context = await browser.newContext({
    viewport: { width: 390, height: 780 },
    hasTouch: true,
    isMobile: true,
  });
  page = await context.newPage();
  input = await context.newCDPSession(page);
  const watched = await watch(page, address);
  await page.goto(`${address}#/sweep/touch`);
  const canvas = page.locator(".map canvas");
  await canvas.waitFor();
  await page.evaluate(`document.querySelector(".map canvas").scrollIntoView({ block: "center" })`);
  const box = async () => (await canvas.boundingBox())!;
  const at = async (part_x: number, part_y: number): Promise<Point> => {
    const { x, y, width, height } = await box();
    return { x: Math.round(x + part_x * width), y: Math.round(y + part_y * height) };
  };

  const before = await scrolled();
  await gesture([await at(0.5, 0.6)], [await at(0.5, 0.2)]);
  await expect.poll(scrolled).toBeGreaterThan(before + 40);
  expect(await isZoomed()).toBe(false);
  await atRest();
  await page.evaluate(`document.querySelector(".map canvas").scrollIntoView({ block: "center" })`);
  const place = await scrolled();

  const middle = await at(0.6, 0.4);
  const there = await cellAt(middle);
  const left = await cellAt({ x: middle.x - 40, y: middle.y });
  const fingers = (half: number) => [
    { x: middle.x - half, y: middle.y },
    { x: middle.x + half, y: middle.y },
  ];
  await gesture(fingers(25), fingers(100));
  await expect.poll(isZoomed).toBe(true);
  expect(await scrolled()).toBe(place);
  expect(await page.evaluate("visualViewport.scale")).toBe(1);
  // Four times as near: what was 40 pixels away is beyond, and the middle is where it was.
  expect(Math.abs((await cellAt(middle)) - there) % 65).toBeLessThanOrEqual(1);
  const nearer = await cellAt({ x: middle.x - 40, y: middle.y });
  expect(there - nearer).toBeLessThan((there - left) / 2);

  const from = await at(0.7, 0.6);
  const to = { x: from.x - 70, y: from.y - 90 };
  const dragged = await cellAt(from);
  await gesture([from], [to]);
  await expect.poll(() => cellAt(to)).toBe(dragged);
  expect(await scrolled()).toBe(place);

  await page.touchscreen.tap(to.x, to.y);
  await page.getByRole("heading", { name: `Cell ${dragged.toLocaleString("en-GB")}` }).waitFor();
  await page.getByRole("button", { name: "Close" }).click();

  await gesture(fingers(120), fingers(20));
  await expect.poll(isZoomed).toBe(false);
  expect(watched.faults).toEqual([]);
  await context.close();
});
