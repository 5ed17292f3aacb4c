import { expect } from "vitest";

/** Elements that HTML does not close. */
const VOID = new Set(["meta", "br", "hr", "img", "link"]);

/** Tags closed in order, ids unique and found by whoever refers to them, and nothing outside referred to. */
export function expectSoundPage(page: string): void {
  expect(page).toMatch(/^<!DOCTYPE html>\n<html lang="en">/);
  const style = /<style>[\s\S]*?<\/style>/;
  expect(style.exec(page)![0]).not.toMatch(/@import|url\(/);
  const body = page.replace("<!DOCTYPE html>", "").replace(style, "");

  const open: string[] = [];
  for (const [, close, name, self] of body.matchAll(
    /<(\/?)([a-zA-Z][a-zA-Z0-9]*)(?:\s[^<>]*?)?(\/?)>/g,
  )) {
    if (close) expect(open.pop()).toBe(name);
    else if (!self && !VOID.has(name!)) open.push(name!);
  }
  expect(open).toEqual([]);
  expect(body.replace(/<[^<>]*>/g, "")).not.toMatch(/[<>]/);
  expect(body).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#39;)/);
  expect(body).not.toMatch(/NaN|undefined|\[object/);
  expect(page).not.toMatch(/<(script|link|iframe|object|embed|base)\b/);

  const ids = [...body.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id!);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  const known = new Set(ids);
  const wanted = [
    ...[...body.matchAll(/url\(([^)]*)\)/g)].map(([, target]) => target!),
    ...[...body.matchAll(/\s(?:xlink:)?(?:href|src)="([^"]*)"/g)].map(([, target]) => target!),
    ...[...body.matchAll(/aria-labelledby="([^"]*)"/g)].map(([, id]) => `#${id}`),
  ];
  for (const target of wanted) {
    if (target.startsWith("data:image/png;base64,")) continue;
    expect(target).toMatch(/^#/);
    expect(known.has(target.slice(1)), target).toBe(true);
  }
  // Every picture says what it is, and every table has headings.
  for (const [svg] of body.matchAll(/<svg [^>]*>/g)) expect(svg).toMatch(/aria-label="[^"]+"/);
  expect(body.match(/<table>/g)?.length).toBe(body.match(/<caption>/g)?.length);
  expect(body).toContain('scope="col"');
}

/** What a reader sees. */
export function textOf(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/<[^<>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}
