/** The rows of a query as text. */
import type { QueryRows } from "../../coordinator/analysis/query.ts";
import { formatCount } from "./format.ts";

/** Longest value in a table; the rest is cut. */
const CELL_LIMIT = 60;

/** Columns of equal width, numbers to the right, and a note where there are more rows. */
export function tableText({ names, rows, more }: QueryRows): string {
  const texts = [names, ...rows.map((row) => row.map(cellText))].map((row) => row.map(cut));
  const widths = names.map((_, i) => texts.reduce((most, row) => Math.max(most, size(row[i]!)), 0));
  const isNumber = names.map((_, i) =>
    rows.every((row) => row[i] === null || ["number", "bigint"].includes(typeof row[i])),
  );
  const lines = texts.map((row) =>
    row
      .map((text, i) => {
        const space = " ".repeat(widths[i]! - size(text));
        return isNumber[i] ? space + text : text + space;
      })
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "─".repeat(width)).join("  "));
  const count = `${formatCount(rows.length)} ${rows.length === 1 ? "row" : "rows"}`;
  lines.push("", more ? `the first ${count}; --limit prints more` : count);
  return `${lines.join("\n")}\n`;
}

/** One object a row. 64-bit integers are numbers with all their digits, NaN and ∞ are strings. */
export function jsonText({ names, rows }: QueryRows): string {
  if (rows.length === 0) return "[]\n";
  const lines = rows.map(
    (row) => `  {${names.map((name, i) => `${JSON.stringify(name)}: ${json(row[i])}`).join(", ")}}`,
  );
  return `[\n${lines.join(",\n")}\n]\n`;
}

/** RFC 4180; nothing stands for null. */
export function csvText({ names, rows }: QueryRows): string {
  const quote = (text: string) =>
    /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = [
    names,
    ...rows.map((row) => row.map((value) => (value === null ? "" : cellText(value)))),
  ];
  return `${lines.map((row) => row.map(quote).join(",")).join("\n")}\n`;
}

function json(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(json).join(", ")}]`;
  if (typeof value === "number" && !Number.isFinite(value)) return `"${value}"`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value).map(
      ([key, each]) => `${JSON.stringify(key)}: ${json(each)}`,
    );
    return `{${members.join(", ")}}`;
  }
  return JSON.stringify(value);
}

function cellText(value: unknown): string {
  if (value === null) return "";
  return typeof value === "object" ? json(value) : String(value);
}

function cut(text: string): string {
  const line = text.replaceAll(/[\r\n\t]+/g, " ");
  const characters = [...line];
  return characters.length <= CELL_LIMIT
    ? line
    : `${characters.slice(0, CELL_LIMIT - 1).join("")}…`;
}

function size(text: string): number {
  return [...text].length;
}
