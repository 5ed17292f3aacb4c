#!/usr/bin/env node
import { CommanderError } from "commander";
import { EXIT_FAILURE, EXIT_USAGE, messageOf, UsageError } from "../shared/errors.ts";
import { buildProgram } from "./program.ts";

try {
  await buildProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
  }
}
