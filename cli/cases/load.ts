import { readFileSync } from "node:fs";
import { z } from "zod";
import { messageOf, type Problem, UsageError } from "../../shared/errors.ts";
import { explainIssues, type SchemaNode } from "../../shared/spec/explain.ts";

/** A valid case, and how errors name it. */
export interface Loaded<Case> {
  readonly value: Case;
  /** `FILE, case 3` */
  readonly place: string;
}

/**
 * Reads an array of cases as JSON from a file, or from standard input where the path is `-`.
 * @throws UsageError that names every case, key, value and fix
 */
export function loadCases<Case>(path: string, schema: z.ZodType<Case>): Loaded<Case>[] {
  const origin = path === "-" ? "standard input" : path;
  let value: unknown;
  try {
    value = JSON.parse(readText(path, origin));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw refuse(origin, `not valid JSON: ${messageOf(error)}`, "mend the syntax there");
  }
  if (!Array.isArray(value)) {
    throw refuse(origin, "the cases must be a list", "put the case into [ ]; see docs/trace.md");
  }
  const problems: Problem[] = [];
  const cases: Loaded<Case>[] = [];
  const guide = {
    schema: z.toJSONSchema(schema, { io: "input" }) as SchemaNode,
    fallback: "docs/trace.md has every key and the values it takes",
  };
  for (const [index, item] of value.entries()) {
    const place = `${origin}, case ${index}`;
    if (item === null || typeof item !== "object" || Array.isArray(item)) {
      problems.push({
        place,
        problem: `a case is a map of keys, not ${JSON.stringify(item)}`,
        fix: 'begin with {"data": …}; docs/trace.md has every key',
      });
      continue;
    }
    const parsed = schema.safeParse(item, { reportInput: true });
    if (parsed.success) cases.push({ value: parsed.data, place });
    else {
      const toPlace = () => place;
      problems.push(...explainIssues(parsed.error.issues, item, guide, toPlace, toPlace));
    }
  }
  if (problems.length > 0) throw new UsageError(...problems);
  return cases;
}

function readText(path: string, origin: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw refuse(origin, "no such file", "check the path; `-` reads standard input");
    }
    throw refuse(
      origin,
      `cannot be read: ${messageOf(error)}`,
      "give the path of a file of cases (docs/trace.md), or `-`",
    );
  }
}

function refuse(place: string, problem: string, fix: string): UsageError {
  return new UsageError({ place, problem, fix });
}
