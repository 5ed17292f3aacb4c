import { existsSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";
import { PAGES, readPage } from "./pages.ts";

interface Link {
  readonly target: string;
  readonly line: number;
}

/** Links and pictures of a page that lead to other files or within it; not those in code. */
function linksOf(text: string): Link[] {
  return text.split("\n").flatMap((line, index) => {
    if (/^ {4}/.test(line)) return [];
    const plain = line.replace(/`[^`]*`/g, (code) => code.replace(/[[\]()]/g, " "));
    return [...plain.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)]
      .map(([, target]) => ({ target: target!, line: index + 1 }))
      .filter(({ target }) => !/^[a-z]+:/.test(target));
  });
}

/** The anchors that GitHub gives the headings of a page. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  const counts = new Map<string, number>();
  for (const [, heading] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading!.replace(/`/g, "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const slug = plain
      .toLowerCase()
      .replace(/\\/g, "")
      .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, "")
      .replaceAll(" ", "-");
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

/** Where a link of a page leads: a path from the root, and an anchor or "". */
function resolved(page: string, target: string): readonly [string, string] {
  const [path = "", anchor = ""] = target.split("#");
  return [path === "" ? page : normalize(join(dirname(page), decodeURI(path))), decodeURI(anchor)];
}

describe("every link leads somewhere", () => {
  for (const page of PAGES) {
    test(page, () => {
      for (const { target, line } of linksOf(readPage(page))) {
        const place = `${page}:${line}: ${target}`;
        const [path, anchor] = resolved(page, target);
        expect(path.startsWith(".."), `${place} leaves the repository`).toBe(false);
        expect(existsSync(join(packageRoot, path)), `${place}: there is no ${path}`).toBe(true);
        if (anchor === "") continue;
        expect(path, place).toMatch(/\.md$/);
        expect([...anchorsOf(readPage(path))], place).toContain(anchor);
      }
    });
  }
});

test("every page is reached from the README", () => {
  const seen = new Set(["README.md"]);
  const open = ["README.md"];
  for (let page = open.pop(); page !== undefined; page = open.pop()) {
    for (const { target } of linksOf(readPage(page))) {
      const [path] = resolved(page, target);
      if (!PAGES.includes(path) || seen.has(path)) continue;
      seen.add(path);
      open.push(path);
    }
  }
  expect(PAGES.filter((page) => !seen.has(page))).toEqual([]);
});

test("every picture is shown by a page", () => {
  const shown = new Set(
    PAGES.flatMap((page) => linksOf(readPage(page)).map(({ target }) => resolved(page, target)[0])),
  );
  const pictures = readdirSync(join(packageRoot, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(png|svg)$/.test(name))
    .map((name) => join("docs", name));
  expect(pictures.length).toBeGreaterThan(5);
  expect(pictures.filter((picture) => !shown.has(picture))).toEqual([]);
});

test("anchors are made as GitHub makes them", () => {
  const text = "# A `code`, and η0\n\n## Twice\n\n## Twice\n\n### boundaries.parquet\n";
  expect([...anchorsOf(text)]).toEqual(["a-code-and-η0", "twice", "twice-1", "boundariesparquet"]);
});
