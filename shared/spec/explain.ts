import type { z } from "zod";
import { nearest, type Problem } from "../errors.ts";
import type { KeyPath } from "./load.ts";

type Issue = z.core.$ZodIssue;

/** The parts of a JSON Schema node that explanations read. */
export interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly unknown[];
  readonly example?: string;
}

/** Names that other programs use for values of ours. */
const ALSO_CALLED: Readonly<Record<string, string>> = { exp: "exponential", mse: "squared" };

/** What explanations know of the format besides the issues. */
export interface FormatGuide {
  /** The format as JSON Schema; the `example` of a key is what is offered as the fix. */
  readonly schema: SchemaNode;
  /** The fix where no key on the way has an example. */
  readonly fallback: string;
}

/** Turns the validator's issues into problems with the line, the key, the value and the fix. */
export function explainIssues(
  issues: readonly Issue[],
  root: unknown,
  guide: FormatGuide,
  place: (path: KeyPath) => string,
  placeOfKey: (path: KeyPath, key: string) => string,
): Problem[] {
  return issues.flatMap((issue) => pickBranch(issue, root)).flatMap(explain);

  function explain(issue: Issue): Problem[] {
    const path = issue.path as KeyPath;
    const key = keyName(path);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((unknown) => ({
        place: placeOfKey(path, unknown),
        problem: `unknown key '${unknown}'${path.length > 0 ? ` in '${key}'` : ""}`,
        fix: fixUnknownKey(guide, path, unknown),
      }));
    }
    const value = valueAt(root, path);
    const shown = value === undefined ? "is missing" : `is ${show(value)}`;
    return [
      {
        place: place(path),
        problem: `'${key}' ${shown}: ${expectation(issue)}`,
        fix: fixValue(guide, path, issue),
      },
    ];
  }
}

/**
 * A value that fits none of several forms: keeps the issues of the form that the value resembles
 * (a map is judged as the map form that has its keys, a list as the list form, anything else as the
 * scalar form).
 */
function pickBranch(issue: Issue, root: unknown): Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const value = valueAt(root, issue.path as KeyPath);
  const branches = issue.errors.filter((branch) => branch.length > 0);
  const alike = branches.filter((branch) => !branch.some((inner) => isOtherKind(inner, value)));
  const misfit = (branch: readonly Issue[]) =>
    branch.reduce((sum, inner) => sum + wrongKeys(inner, value), 0);
  const [closest] = alike.toSorted((a, b) => misfit(a) - misfit(b));
  const chosen = closest ?? branches[0];
  if (chosen === undefined) return [issue];
  return chosen.flatMap((inner) =>
    pickBranch({ ...inner, path: [...issue.path, ...inner.path] } as Issue, root),
  );
}

/** Whether an issue only says that the value is of another kind (map, list, scalar) than a form. */
function isOtherKind(issue: Issue, value: unknown): boolean {
  if (issue.path.length > 0 || value === undefined) return false;
  if (issue.code === "invalid_union") {
    return issue.errors.every((branch) => branch.some((inner) => isOtherKind(inner, value)));
  }
  if (issue.code === "invalid_value") return typeof value === "object";
  // NaN is a number that is none: the scalar form is the one that was meant.
  return issue.code === "invalid_type" && !Number.isNaN(value);
}

/** Keys of a map that a form does not have, or that it has and the map lacks. */
function wrongKeys(issue: Issue, value: unknown): number {
  if (issue.code === "invalid_union" && issue.path.length === 0) {
    return Math.min(
      ...issue.errors.map((branch) =>
        branch.some((inner) => isOtherKind(inner, value))
          ? Number.POSITIVE_INFINITY
          : branch.reduce((sum, inner) => sum + wrongKeys(inner, value), 0),
      ),
    );
  }
  if (issue.code === "unrecognized_keys") return issue.path.length === 0 ? issue.keys.length : 0;
  return issue.path.length === 1 && valueAt(value, issue.path as KeyPath) === undefined ? 1 : 0;
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      if (typeof issue.input === "number" && issue.expected === "number") {
        return "must be a finite number";
      }
      return issue.expected === "int"
        ? "must be a whole number"
        : `must be ${article(issue.expected)}`;
    case "too_small":
      if (issue.origin === "array") return "must list at least one value";
      return `must be ${issue.inclusive ? "at least" : "greater than"} ${issue.minimum}`;
    case "too_big":
      if (issue.origin === "array") return `must list at most ${issue.maximum} values`;
      return `must be ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => String(value)).join(" or ")}`;
    case "invalid_format":
      return issue.message.startsWith("Invalid")
        ? `must be a valid ${issue.format}`
        : issue.message;
    default:
      return issue.message;
  }
}

function fixUnknownKey({ schema }: FormatGuide, path: KeyPath, unknown: string): string {
  const known = [
    ...new Set(nodesAt(schema, path).flatMap((node) => Object.keys(node.properties ?? {}))),
  ];
  // { from: 0,5 } is a key more.
  if (/^\d+$/.test(unknown)) return "write decimals with a point, as in 0.5";
  const guess = nearest(unknown, known);
  return guess === undefined
    ? `remove it; the keys here are ${known.join(", ")}`
    : `write '${guess}'`;
}

function fixValue({ schema, fallback }: FormatGuide, path: KeyPath, issue: Issue): string {
  if (issue.code === "invalid_value" && typeof issue.input === "string") {
    const values = issue.values.map(String);
    const other = ALSO_CALLED[issue.input];
    const guess =
      other !== undefined && values.includes(other) ? other : nearest(issue.input, values);
    if (guess !== undefined) return `write '${guess}'`;
  }
  for (let depth = path.length; depth > 0; depth--) {
    const example = nodesAt(schema, path.slice(0, depth)).find((node) => node.example)?.example;
    if (example !== undefined) return `for example \`${example}\``;
  }
  return fallback;
}

/** The schema nodes of a path, the forms of every union included. */
function nodesAt(schema: SchemaNode, path: KeyPath): SchemaNode[] {
  let nodes = withForms([schema]);
  for (const step of path) {
    nodes = withForms(
      nodes
        .map((node) => (typeof step === "number" ? node.items : node.properties?.[step]))
        .filter((node) => node !== undefined),
    );
  }
  return nodes;
}

function withForms(nodes: readonly SchemaNode[]): SchemaNode[] {
  return nodes.flatMap((node) => [node, ...withForms(node.anyOf ?? [])]);
}

function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const step of path) value = (value as Record<string | number, unknown> | null)?.[step];
  return value;
}

/** `grids[1].learning_rate.from` */
function keyName(path: KeyPath): string {
  return path.reduce<string>(
    (name, step) =>
      typeof step === "number" ? `${name}[${step}]` : name === "" ? step : `${name}.${step}`,
    "",
  );
}

function show(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function article(noun: string): string {
  const name = noun === "object" ? "map" : noun === "array" ? "list" : noun;
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}
