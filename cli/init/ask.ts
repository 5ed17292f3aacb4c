import { createInterface } from "node:readline/promises";
import { EXIT_INTERRUPTED, FailureError, formatProblem, UsageError } from "../../shared/errors.ts";
import { DATA_ABOUT, DATA_NAMES, DEFAULTS, FIND_ABOUT, FINDS } from "./answers.ts";

/** Asks a person on the terminal, until there is an answer that `read` takes. */
export interface Asker {
  ask<T>(question: string, preset: string, read: (text: string) => T): Promise<T>;
  close(): void;
}

/** Questions go to standard error, so that standard output has the result alone. */
export function terminalAsker(): Asker {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  let isClosed = false;
  let isAnswered = false;
  const closed = new Promise<never>((_, reject) => {
    lines.once("close", () => {
      isClosed = true;
      // Not in the line of a question.
      if (!isAnswered) process.stderr.write("\n");
      const place = "phasesweep init";
      const fix = "answer the questions, or give --data, --find and --budget";
      reject(new FailureError({ place, problem: "it was left before its end", fix }));
    });
  });
  closed.catch(() => {});
  lines.once("SIGINT", () => {
    process.stderr.write("\n");
    process.exit(EXIT_INTERRUPTED);
  });
  return {
    async ask(question, preset, read) {
      for (;;) {
        const text = await Promise.race([lines.question(`${question} [${preset}] `), closed]);
        try {
          return read(text.trim() === "" ? preset : text);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          process.stderr.write(`${error.problems.map(formatProblem).join("\n")}\n`);
        }
      }
    },
    close() {
      isAnswered = true;
      if (!isClosed) lines.close();
    },
  };
}

const list = (about: Readonly<Record<string, string>>, names: readonly string[]) =>
  names.map((name) => `  ${name.padEnd(15)}${about[name]}\n`).join("");

export const QUESTIONS = {
  data: {
    text: `${list(DATA_ABOUT, DATA_NAMES)}  ${"FILE.csv".padEnd(15)}your own, one sample a line, two labels in a column label or in the last\n  and a loss: exponential, logistic or squared\nWhich data and loss?`,
    preset: DEFAULTS.data,
  },
  find: { text: `${list(FIND_ABOUT, FINDS)}What is to be found?`, preset: DEFAULTS.find },
  budget: {
    text: "How much time (30s, 5m, 2h), or how many cells (100000)?",
    preset: DEFAULTS.budget,
  },
} as const;
