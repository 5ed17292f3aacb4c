import {
  EXIT_FAILURE,
  EXIT_USAGE,
  FailureError,
  formatProblem,
  messageOf,
  type Problem,
  UsageError,
} from "../../shared/errors.ts";
import { CommandLineError, commandLineProblem } from "./command_line_error.ts";
import { systemProblem } from "./system_problem.ts";

/** Why a command ended without having done what it was asked. */
export interface Failure {
  readonly problems: readonly Problem[];
  readonly exit_code: number;
  /** Nobody foresaw it, so that it is a defect of this program. */
  readonly isDefect: boolean;
}

/** What a failure is to the user, whatever was thrown. */
export function explainFailure(thrown: unknown): Failure {
  if (thrown instanceof CommandLineError) {
    return expected([commandLineProblem(thrown)], EXIT_USAGE);
  }
  if (thrown instanceof UsageError) return expected(thrown.problems, EXIT_USAGE);
  if (thrown instanceof FailureError) return expected(thrown.problems, EXIT_FAILURE);
  const problem = systemProblem(thrown);
  if (problem !== undefined) return expected([problem], EXIT_FAILURE);
  const kind = thrown instanceof Error ? thrown.name : "error";
  return {
    problems: [
      {
        place: "phasesweep",
        problem: `unexpected ${kind}: ${messageOf(thrown)}`,
        fix: "this should not happen: please report the command, what it prints with PHASESWEEP_DEBUG=1, and `phasesweep doctor --json`",
      },
    ],
    exit_code: EXIT_FAILURE,
    isDefect: true,
  };
}

function expected(problems: readonly Problem[], exit_code: number): Failure {
  return { problems, exit_code, isDefect: false };
}

/** The lines that people get on standard error. */
export function failureText({ problems }: Failure): string {
  return `${problems.map(formatProblem).join("\n")}\n`;
}

/** Tells programs that read lines of JSON. */
export function printFailure(thrown: unknown): void {
  process.stdout.write(`${JSON.stringify(failureDocument(explainFailure(thrown)))}\n`);
}

/** What programs get on standard output in place of the document that they asked for. */
export function failureDocument({ problems, exit_code }: Failure) {
  const [error] = problems as [Problem, ...Problem[]];
  return { error, errors: problems, exit_code };
}
