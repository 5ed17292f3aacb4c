import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { packageRoot } from "../../../../shared/package_info.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) =>
  existsSync(path),
);

/** Why pages cannot be opened here, or undefined. */
export const noBrowserBecause =
  CHROMIUM === undefined
    ? "there is no /usr/bin/chromium (apt-get install chromium)"
    : existsSync(`${packageRoot}/dist/coordinator/dashboard/page/index.html`)
      ? undefined
      : "the page is not built (npm run page)";

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM!,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

/** What a page did that it must not do, and how long it was busy. */
export interface Watched {
  /** Errors of scripts and in the console, violations of its policy, requests to other hosts. */
  readonly faults: string[];
  /** Lengths of tasks above 50 ms since the last call, in ms. */
  readonly longTasks: () => Promise<number[]>;
}

/** Runs in the page, whose types are not those of the tests. */
const OBSERVERS = `
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longTasks.push(Math.round(entry.duration));
  }).observe({ type: "longtask", buffered: true });
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    console.error("policy: " + violatedDirective + " " + blockedURI);
  });
`;

/** Watches a page from before its first request. */
export async function watch(page: Page, address: string): Promise<Watched> {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // Refused requests are what some tests are about; the browser reports each as an error.
    const isRefusal = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isRefusal) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(address)) faults.push(`request: ${request.url()}`);
  });
  await page.addInitScript({ content: OBSERVERS });
  return {
    faults,
    longTasks: () => page.evaluate("longTasks.splice(0)"),
  };
}
