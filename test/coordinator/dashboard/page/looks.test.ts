import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { skipBecause } from "../../../e2e/cli.ts";
import { noBrowserBecause, openBrowser, watch } from "./browser.ts";
import { scriptedFleet } from "./scripted_fleet.ts";
import { boundariesOf, phaseOf, scriptedFailure, scriptedSweep } from "./scripted_sweep.ts";
import { StandIn } from "./stand_in.ts";

let browser: Browser;
let address: string;
const coordinator = new StandIn();

beforeAll(async () => {
  if (noBrowserBecause !== undefined) return;
  browser = await openBrowser();
  coordinator.workers = scriptedFleet(30);
  coordinator.notes = [
    { at_ms: 1e12, level: "warn", message: "a worker drains", fields: { n: 3 } },
  ];
  const widths = [16, 64, 256, 1024];
  coordinator.sweeps.set("looks", scriptedSweep({ name: "looks", rates: 33, seeds: 8, widths }));
  const scripted = coordinator.sweeps.get("looks")!;
  const { plan } = scripted;
  const stack = "  at f (/usr/lib/node_modules/phasesweep/dist/worker/engines/gram.js:10:3)\n";
  scripted.failures = [scriptedFailure(13, `the worker died: SIGKILL\n${stack.repeat(12)}`)];
  coordinator.fill("looks", 0, 900, (cell) => (cell === 13 ? 5 : phaseOf(plan, cell)));
  coordinator.change("looks", { trouble: "no worker has its class", cells_in_flight: 40 });
  scripted.boundaries = boundariesOf(plan, 6);
  address = await coordinator.start();
});
afterAll(async () => {
  await browser?.close();
  if (browser !== undefined) await coordinator.close();
});
beforeEach(({ skip }) => skipBecause(noBrowserBecause, skip));

const PLACES = ["#/", "#/sweep/looks", "#/sweep/looks/40", "#/fleet/worker-3", "#/submit"];

async function openAll(
  width: number,
  scheme: "light" | "dark",
  look: (page: Page) => Promise<void>,
) {
  const viewport = { width, height: 800 };
  const context = await browser.newContext({
    viewport,
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const { faults } = await watch(page, address);
  for (const place of PLACES) {
    await page.goto(`${address}${place}`);
    await page.getByText("Live").waitFor();
    if (place.includes("sweep/")) await page.locator(".chart canvas").first().waitFor();
    await look(page);
  }
  expect(faults).toEqual([]);
  await context.close();
}

test.each(["light", "dark"] as const)("axe finds nothing in the %s scheme", async (scheme) => {
  await openAll(1280, scheme, async (page) => {
    // Evaluated, as the policy of the page lets no script in.
    await page.evaluate(axe.source);
    const problems = await page.evaluate(`axe.run().then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" | ")))`);
    expect(problems, page.url()).toEqual([]);
  });
});

/** What reaches out of the main column, and is not in a part that scrolls by itself. */
const CUT_OFF = `(() => {
  const main = document.querySelector("main");
  const room = main.getBoundingClientRect().right - parseFloat(getComputedStyle(main).paddingRight);
  const isFree = ({ overflowX, display }) => overflowX === "visible" && display !== "inline";
  const isCut = (element) =>
    element.closest(".scroll, .unseen, .cell-panel, thead") === null &&
    (element.getBoundingClientRect().right > room + 1 ||
      (isFree(getComputedStyle(element)) && element.scrollWidth > element.clientWidth + 1));
  return [...main.querySelectorAll("*")].filter(isCut).map((one) => one.outerHTML.slice(0, 80));
})()`;

test.each([360, 768, 3840])("at a width of %i pixels nothing is cut off", async (width) => {
  await openAll(width, "light", async (page) => {
    const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(wide, page.url()).toBeLessThanOrEqual(0);
    expect(await page.evaluate(CUT_OFF), page.url()).toEqual([]);
    // Boundaries are what the page is about: they need no scrolling.
    const hidden = `[...document.querySelectorAll(".sweep-main .scroll")].map((each) =>
      each.scrollWidth - each.clientWidth)`;
    for (const pixels of await page.evaluate<number[]>(hidden)) expect(pixels).toBe(0);
  });
});

test("the scheme that was chosen stays, whatever the system says", async () => {
  const context = await browser.newContext({ colorScheme: "light" });
  const page = await context.newPage();
  await page.goto(address);
  const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  expect(await ground()).toBe("rgb(255, 255, 255)");
  await page.getByLabel("Colours").selectOption("dark");
  expect(await ground()).toBe("rgb(22, 24, 27)");
  await page.reload();
  await page.getByLabel("Colours").waitFor();
  expect(await ground()).toBe("rgb(22, 24, 27)");
  await page.getByLabel("Colours").selectOption("system");
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(ground).toBe("rgb(22, 24, 27)");
  await context.close();
});
