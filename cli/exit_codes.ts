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
