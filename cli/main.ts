#!/usr/bin/env node
import type { Command } from "commander";
import { formatProblem, nearest, UsageError } from "../shared/errors.ts";
import { unknownVariables } from "./doctor/machine_checks.ts";
import { environmentVariables } from "./environment_variables.ts";
import { EXIT_PIPE_CLOSED } from "./exit_codes.ts";
import { CommandLineError } from "./failure/command_line_error.ts";
import { explainFailure, failureText, printFailure } from "./failure/explain_failure.ts";
import { firstSteps } from "./first_steps.ts";
import { buildProgram } from "./program.ts";

const args = process.argv.slice(2);

// A reader that has seen enough, such as `head`, is no failure; without one there is nobody to tell.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT_PIPE_CLOSED);
  const failure = explainFailure(Object.assign(error, { path: "standard output" }));
  process.stderr.write(failureText(failure));
  process.exit(failure.exit_code);
});
// What is said beside the results may get lost.
process.stderr.on("error", () => {});

/** Tells people on standard error, and programs that asked for JSON on standard output too. */
function fail(thrown: unknown): void {
  const failure = explainFailure(thrown);
  process.exitCode = failure.exit_code;
  process.stderr.write(failureText(failure));
  if (process.env["PHASESWEEP_DEBUG"] && thrown instanceof Error) {
    process.stderr.write(`${thrown.stack}\n`);
  }
  const end = args.indexOf("--");
  if ((end < 0 ? args : args.slice(0, end)).includes("--json")) {
    printFailure(thrown);
  }
}

/** Says once what a variable with a slip of the pen in its name would otherwise leave in the dark. */
function warnOfVariables(program: Command): void {
  // Neither what completes a line nor a process that another one of ours has started.
  if (args[0] === "complete" || args[0] === "doctor" || args.includes("--supervised")) return;
  for (const { name, guess } of unknownVariables(process.env, environmentVariables(program))) {
    if (guess === undefined) continue;
    process.stderr.write(
      `${formatProblem({ place: name, problem: "nothing reads this variable", fix: `set ${guess} in its place` })}\n`,
    );
  }
}

/** `help` of a command that there is not would print all there are, and not say why. */
function checkHelpTopic({ commands }: Command, [verb, topic]: readonly string[]): void {
  const names = commands.map((command) => command.name());
  if (verb !== "help" || topic === undefined || topic.startsWith("-") || names.includes(topic)) {
    return;
  }
  const guess = nearest(topic, names);
  throw new UsageError({
    place: "phasesweep help",
    problem: `unknown command '${topic}'`,
    fix: guess === undefined ? "`phasesweep --help` lists what there is" : `write ${guess}`,
  });
}

process.on("uncaughtException", (error) => {
  fail(error);
  process.exit();
});

try {
  const program = buildProgram();
  if (args.length === 0) process.stdout.write(firstSteps());
  else {
    warnOfVariables(program);
    checkHelpTopic(program, args);
    await program.parseAsync();
  }
} catch (error) {
  // Help and the version end this way, too.
  const isAnswered = error instanceof CommandLineError && error.cause.exitCode === 0;
  if (!isAnswered) fail(error);
}
