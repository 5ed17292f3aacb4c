import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";
import { readPage } from "./pages.ts";

const source = ["shared", "coordinator", "worker", "cli"]
  .flatMap((folder) =>
    readdirSync(join(packageRoot, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !name.startsWith("generated"))
      .map((name) => readFileSync(join(packageRoot, folder, name), "utf8")),
  )
  .join("\n");

/** The parts of a message between what differs, which must stand in the source in that order. */
function isInSource(message: string): boolean {
  const parts = message.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  // What differs is filled in by `${…}`, or follows at the end of a text.
  return new RegExp(parts.join("\\$\\{[^\\n]*?\\}"), "u").test(source);
}

test("every message in docs/troubleshooting.md is one of the program's", () => {
  const messages = readPage("docs/troubleshooting.md")
    .split("\n")
    .flatMap((line) => [...(/^\| `([^`]+)` *\|/.exec(line) ?? [])].slice(1));
  expect(messages.length).toBeGreaterThan(25);
  expect(messages.filter((message) => !isInSource(message))).toEqual([]);
});

test("a message that the program does not have is found", () => {
  expect(isInSource("no coordinator answers there")).toBe(true);
  expect(isInSource("no coordinator answers here")).toBe(false);
});
