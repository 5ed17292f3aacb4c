import { EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_USAGE } from "../shared/errors.ts";

/** Whoever read the output left, as after `| head`: 128 and the number of SIGPIPE, as shells count. */
export const EXIT_PIPE_CLOSED = 141;

/** The exit codes of every command, for its help and the documentation. */
export const EXIT_CODES: readonly { readonly code: number; readonly meaning: string }[] = [
  { code: 0, meaning: "done" },
  { code: EXIT_FAILURE, meaning: "failed, or what was asked about is not so" },
  { code: EXIT_USAGE, meaning: "wrong input; nothing was written" },
  { code: EXIT_INTERRUPTED, meaning: "interrupted; what is finished is kept" },
  { code: EXIT_PIPE_CLOSED, meaning: "whoever read the output closed it, as `head` does" },
];

const COMMON = "0 done, 1 failed, 2 wrong input";

/** What the codes say of commands that answer a question, or can be left. */
const OWN: Readonly<Record<string, string>> = {
  init: `${COMMON}, 130 left by Ctrl-C`,
  run: `${COMMON}, 130 interrupted`,
  watch: `${COMMON}, 130 left while the sweep goes on`,
  submit: `${COMMON}, 130 left while the sweep goes on (--watch)`,
  slurm: `${COMMON}, 130 left while its jobs go on`,
  health: "0 one of the addresses serves, 1 none does, 2 wrong input",
  doctor: "0 done, 1 something does not work that an option or its variable names, 2 wrong input",
  report: "0 done, 1 failed or a row is not what its own engine makes of it, 2 wrong input",
  reproduce: "0 equal or within tolerance, 1 different, 2 wrong input",
};

/** The exit codes of a command, in a line. */
export function exitCodesOf(command: string): string {
  return OWN[command] ?? COMMON;
}
