import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { packageRoot } from "../../shared/package_info.ts";

/** Folders of which every Markdown page is one of the documentation. */
const FOLDERS = [".", "docs", "deploy", "test"];

/** Paths, from the root, of all Markdown pages. */
export const PAGES: readonly string[] = FOLDERS.flatMap((folder) =>
  readdirSync(join(packageRoot, folder), { recursive: folder !== ".", encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => relative(packageRoot, join(packageRoot, folder, name))),
).sort();

export function readPage(path: string): string {
  return readFileSync(join(packageRoot, path), "utf8");
}
