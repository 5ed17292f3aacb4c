import type { Command } from "commander";
import { systemClock } from "../../shared/clock.ts";
import { complete } from "../completion/complete.ts";
import { machineLookup } from "../completion/lookup.ts";

/** Prints what may follow on a command line, a line each, for the script of a shell. */
export async function completeCommand(program: Command, words: readonly string[]): Promise<void> {
  try {
    const lookup = machineLookup(process.env, systemClock);
    const candidates = await complete(program, words, lookup);
    const lines = candidates.map(({ word, about }) =>
      about === undefined ? word : `${word}\t${about.replaceAll(/\s+/g, " ")}`,
    );
    process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  } catch {
    // Nothing is said into a line that somebody types.
  }
}
