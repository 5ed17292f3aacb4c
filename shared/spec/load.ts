import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LineCounter, parseDocument, type YAMLParseError } from "yaml";
import { messageOf, nearest, type Problem, UsageError } from "../errors.ts";
import { SWEEP_FILE_BYTES_MAX } from "../limits.ts";
import { explainIssues } from "./explain.ts";
import { type SweepFile, sweepFileSchema, sweepJsonSchema } from "./schema.ts";
import { shippedSweepPath } from "./shipped_sweeps.ts";

/** A path into the parsed file: keys and list positions. */
export type KeyPath = readonly (string | number)[];

/** A valid sweep file, with the way back from a key to its line. */
export interface LoadedSweep {
  readonly file: SweepFile;
  /** Where relative paths in it begin. */
  readonly folder: string;
  /** `file:line:column` of the value at `path`, or of its nearest ancestor that exists. */
  place(path: KeyPath): string;
}

/**
 * Reads and validates a sweep file; `sweeps/…` that is not there is the file of the package.
 * @throws UsageError that names file, line, key and the fix.
 */
export function loadSweepFile(path: string): LoadedSweep {
  const shipped = existsSync(path) ? undefined : shippedSweepPath(path);
  const origin = shipped !== undefined && existsSync(shipped) ? shipped : path;
  return parseSweep(readSweepText(origin), origin);
}

/** Validates the text of a sweep file; `origin` is how errors name it. @throws UsageError */
export function parseSweep(text: string, origin: string): LoadedSweep {
  const lines = new LineCounter();
  const document = readable(origin, () =>
    parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" }),
  );

  const position = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${origin}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const place = (path: KeyPath): string => {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true);
      if (hasRange(node)) return position(node.range[0]);
    }
    return `${origin}:1:1`;
  };
  const placeOfKey = (path: KeyPath, key: string): string => {
    const map = path.length === 0 ? document.contents : document.getIn(path, true);
    for (const item of pairsOf(map)) {
      if (hasRange(item.key) && item.key.value === key) return position(item.key.range[0]);
    }
    return place(path);
  };

  if (document.errors.length > 0) {
    // What is wrong first is often the cause of all the others.
    const [error] = document.errors as [YAMLParseError, ...YAMLParseError[]];
    const [offset] = error.pos;
    throw new UsageError({
      place: position(offset),
      problem: `not valid YAML: ${error.message}\n${underlined(text, offset)}`,
      fix: yamlFix(error.code),
    });
  }
  // Aliases without their anchors, too many of them, and what holds itself show only here.
  const value = readable(origin, (): unknown => {
    const found: unknown = document.toJS();
    JSON.stringify(found);
    return found;
  });
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new UsageError({
      place: `${origin}:1:1`,
      problem: "a sweep file is a map of keys, but this file holds none",
      fix: "begin with `name: my-sweep`; `phasesweep schema` prints every key",
    });
  }
  const parsed = sweepFileSchema.safeParse(value, { reportInput: true });
  if (parsed.success) return { file: parsed.data, folder: dirname(origin), place };
  const guide = {
    schema: sweepJsonSchema(),
    fallback: "`phasesweep schema` prints every key and the values it takes",
  };
  const problems = explainIssues(parsed.error.issues, value, guide, place, placeOfKey);
  throw new UsageError(...problems);
}

const SHOWN_COLUMNS_MAX = 100;

/** The line of a text in which an offset lies, and a mark below it. */
function underlined(text: string, offset: number): string {
  const begin = text.lastIndexOf("\n", offset - 1) + 1;
  const [whole = ""] = text.slice(begin).split(/\r?\n/, 1);
  // Of a long line the part around the place.
  const from = Math.max(0, offset - begin - SHOWN_COLUMNS_MAX / 2);
  const shown = whole.slice(from, from + SHOWN_COLUMNS_MAX).replaceAll(/\p{Cc}/gu, " ");
  return `    ${shown}\n    ${" ".repeat(Math.min(offset - begin - from, shown.length))}^`;
}

function yamlFix(code: YAMLParseError["code"]): string {
  switch (code) {
    case "TAB_AS_INDENT":
      return "indent with spaces";
    case "DUPLICATE_KEY":
      return "remove one of the two keys";
    case "MISSING_CHAR":
      return "close the bracket or quote that is open there";
    case "BLOCK_AS_IMPLICIT_KEY":
    case "BAD_INDENT":
      return "give all keys of a map the same indent, and a key below another no value beside it";
    case "MULTILINE_IMPLICIT_KEY":
      return "write `key: value`, with a space after the colon";
    default:
      return "mend the syntax at the mark";
  }
}

/** What `read` makes of the text. @throws UsageError where that throws anything */
function readable<T>(origin: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError({
      place: `${origin}:1:1`,
      problem: `not a YAML file that can be read: ${messageOf(error)}`,
      fix: "write its values out, without aliases and without deep nesting",
    });
  }
}

function readSweepText(path: string): string {
  const refuse = (problem: string, fix: string): UsageError =>
    new UsageError({ place: path, problem, fix } satisfies Problem);
  try {
    const { size } = statSync(path);
    if (size > SWEEP_FILE_BYTES_MAX) {
      throw refuse(
        `${size} bytes is over the limit of ${SWEEP_FILE_BYTES_MAX} (SWEEP_FILE_BYTES_MAX)`,
        "use axes ({ from, to, points }) in place of long lists",
      );
    }
    const bytes = readFileSync(path);
    // In UTF-16, as some editors write it, all of it would be one strange word.
    if (["fffe", "feff"].includes(bytes.subarray(0, 2).toString("hex"))) {
      throw refuse("it is written in UTF-16", "save it as UTF-8");
    }
    return bytes.toString("utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      const near = sweepFileNear(path);
      const where = "those that ship have names like sweeps/paper/figure3.yaml in every folder";
      throw refuse(
        "no such file",
        near === undefined ? `check the path; ${where}` : `give ${near}`,
      );
    }
    throw refuse(`cannot be read: ${messageOf(error)}`, "give the path of a readable sweep file");
  }
}

/** A sweep file beside `path`, or where the package has it, whose name is nearly that one. */
function sweepFileNear(path: string): string | undefined {
  const shipped = shippedSweepPath(path);
  const places = shipped === undefined ? [path] : [path, shipped];
  const names = places.flatMap(sweepFilesBeside);
  const near = nearest(basename(path), names);
  return near === undefined ? undefined : join(dirname(path), near);
}

function sweepFilesBeside(path: string): string[] {
  try {
    return readdirSync(dirname(path)).filter((name) => /\.ya?ml$/.test(name));
  } catch {
    return [];
  }
}

interface RangedNode {
  readonly range: readonly [number, number, number];
  readonly value?: unknown;
}

function hasRange(node: unknown): node is RangedNode {
  return (
    typeof node === "object" && node !== null && Array.isArray((node as { range?: unknown }).range)
  );
}

function pairsOf(node: unknown): readonly { readonly key: unknown }[] {
  const items = (node as { items?: unknown } | null)?.items;
  return Array.isArray(items) ? items.filter((item) => typeof item === "object" && item) : [];
}
