import { type DataFile, refuseFile } from "./data_file.ts";
import type { Label, Labelled } from "./labelled.ts";

export interface CsvForm {
  /** Whether the first line names the columns. */
  readonly header: boolean;
  /** The column of labels: its name, or its number from 0, negative from the end. */
  readonly label: string | number;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Samples from comma-separated values (RFC 4180): one a line, one column of labels, all others
 * numbers. @throws UsageError with the line
 */
export function readCsv(file: DataFile, { header, label }: CsvForm): Labelled {
  const { path } = file;
  const lines = csvLines(path, textOf(file));
  const names = header ? lines.shift()?.fields : undefined;
  const [first] = lines;
  if (first === undefined) {
    refuseFile(path, "it holds no samples", "give one sample a line");
  }
  const columns = (names ?? first.fields).length;
  if (columns === 1 && /[;\t]/.test((names ?? first.fields)[0]!)) {
    const fix = "separate the columns with commas, and write decimals with a point";
    refuseFile(path, "its columns are separated by semicolons or tabs", fix);
  }
  const labelColumn = columnOf(path, label, names, columns);
  const features = columns - 1;
  if (features === 0) {
    refuseFile(path, "it has no column besides the labels", "give one column a feature");
  }
  const values = new Float64Array(lines.length * features);
  const labels: Label[] = [];
  let at = 0;
  for (const { line, fields } of lines) {
    if (fields.length !== columns) {
      refuseFile(
        `${path}:${line}`,
        `${fields.length} values, but the first line has ${columns}`,
        "give every sample the same number of columns",
      );
    }
    for (const [column, field] of fields.entries()) {
      if (column === labelColumn) {
        labels.push(NUMBER.test(field) ? Number(field) : field);
        continue;
      }
      const value = NUMBER.test(field) ? Number(field) : Number.NaN;
      if (!Number.isFinite(value)) {
        refuseFile(
          `${path}:${line}`,
          `'${field}' in column ${names?.[column] ?? column} is no finite number`,
          header
            ? "mend it or leave the sample out"
            : "mend it or leave the sample out; a first line of names needs `header: true`",
        );
      }
      values[at++] = value;
    }
  }
  return { source: path, values, features, labels };
}

/** The values of the first line, and whether they are names. @throws UsageError without lines */
export function firstCsvLine(file: DataFile): {
  readonly fields: readonly string[];
  readonly isHeader: boolean;
} {
  const [line = ""] = textOf(file).split(/\r?\n/, 1);
  const [first] = csvLines(file.path, line);
  if (first === undefined)
    refuseFile(file.path, "its first line is empty", "name the columns in it");
  return { fields: first.fields, isHeader: !first.fields.every((field) => NUMBER.test(field)) };
}

function textOf({ bytes }: DataFile): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
}

function columnOf(
  path: string,
  label: string | number,
  names: readonly string[] | undefined,
  columns: number,
): number {
  if (typeof label === "string") {
    const column = names?.indexOf(label) ?? -1;
    if (column >= 0) return column;
    const there =
      names === undefined ? "no line of names is read" : `there are ${names.join(", ")}`;
    const fix = "name the column of the labels in the data set, `label: NAME`, or give its number";
    return refuseFile(path, `no column '${label}': ${there}`, fix);
  }
  const column = label < 0 ? columns + label : label;
  if (column >= 0 && column < columns) return column;
  return refuseFile(
    path,
    `no column ${label}: there are ${columns}`,
    `give a column from 0 to ${columns - 1} with \`label\``,
  );
}

interface CsvLine {
  /** Number of the line on which it begins, from 1. */
  readonly line: number;
  readonly fields: string[];
}

/** The records of a text, blank lines left out; values stand between commas, maybe in quotes. */
function csvLines(path: string, text: string): CsvLine[] {
  const records: CsvLine[] = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const record: CsvLine = { line, fields: [] };
    for (;;) {
      let field: string;
      if (text[at] === '"') {
        const end = closingQuote(text, at);
        if (end < 0) refuseFile(`${path}:${line}`, "a quote is not closed", 'close it with "');
        field = text.slice(at + 1, end).replaceAll('""', '"');
        line += field.split("\n").length - 1;
        at = end + 1;
      } else {
        const end = nextBreak(text, at);
        field = text.slice(at, end).trim();
        at = end;
      }
      record.fields.push(field);
      if (text[at] !== ",") break;
      at++;
    }
    if (text[at] === "\r") at++;
    if (at < text.length && text[at] !== "\n") {
      refuseFile(`${path}:${line}`, "text follows a closed quote", "put all of a value in quotes");
    }
    at++;
    line++;
    if (record.fields.length > 1 || record.fields[0] !== "") records.push(record);
  }
  return records;
}

/** Where the value that begins at `at` ends: at a comma, the end of the line or of the text. */
function nextBreak(text: string, at: number): number {
  let end = at;
  while (end < text.length && text[end] !== "," && text[end] !== "\n" && text[end] !== "\r") end++;
  return end;
}

/** Where the quote that opens at `at` closes; two quotes within stand for one. −1: nowhere. */
function closingQuote(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] !== '"') continue;
    if (text[end + 1] !== '"') return end;
    end++;
  }
  return -1;
}
