import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";

/** Holds a page that is made from the source against the file, or writes it (`npm run docs`). */
export function expectPage(path: string, page: string): void {
  const file = join(packageRoot, path);
  if (process.env["PHASESWEEP_WRITE_DOCS"] === "1") writeFileSync(file, page);
  expect(readFileSync(file, "utf8"), `${path} is out of date: run \`npm run docs\``).toBe(page);
}
