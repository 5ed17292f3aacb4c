import type { Problem } from "../../shared/errors.ts";
import { explainFailure } from "../failure/explain_failure.ts";

/** What one look showed: fine, of no concern but worth knowing, or in the way of something. */
export type CheckState = "ok" | "warning" | "problem";

export interface Check {
  readonly check: string;
  readonly state: CheckState;
  /** What there is. */
  readonly found: string;
  /** What mends it, unless it is ok. */
  readonly fix?: string;
  /** A flag named it, so the exit code is that of a failure where it is a problem. */
  readonly isAsked: boolean;
}

export const ok = (check: string, found: string, isAsked = false): Check => ({
  ...{ check, state: "ok", found, isAsked },
});

export const warning = (check: string, found: string, fix: string, isAsked = false): Check => ({
  ...{ check, state: "warning", found, fix, isAsked },
});

export const problem = (check: string, found: string, fix: string, isAsked = false): Check => ({
  ...{ check, state: "problem", found, fix, isAsked },
});

/** A check that threw what a command would have thrown, too. */
export function failedCheck(check: string, thrown: unknown, isAsked: boolean): Check {
  const [{ place, problem: found, fix }] = explainFailure(thrown).problems as [Problem];
  return problem(check, `${place}: ${found}`, fix, isAsked);
}

/** A line a check, and what mends it below. */
export function checksText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ check }) => check.length)) + 2;
  return checks
    .map(({ check, state, found, fix }) => {
      const mark = state === "ok" ? "ok" : state.toUpperCase();
      const line = `${mark.padEnd(9)}${check.padEnd(width)}${found}\n`;
      return fix === undefined ? line : `${line}${" ".repeat(9 + width)}fix: ${fix}\n`;
    })
    .join("");
}
