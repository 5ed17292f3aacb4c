/** Exit codes of every command: 0 success, 1 failure, 2 usage, 130 interrupted. */
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;
export const EXIT_INTERRUPTED = 130;

/** One mistake in what the user gave: where it stands, what is wrong, and how to mend it. */
export interface Problem {
  /** File with line and column, a flag, or an address. */
  readonly place: string;
  readonly problem: string;
  readonly fix: string;
}

/** Bad input. The command line prints every problem and exits with 2; nothing has been written. */
export class UsageError extends Error {
  readonly problems: readonly Problem[];

  constructor(...problems: Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "UsageError";
    this.problems = problems;
  }
}

/** The work could not be done although the input was sound. The command line exits with 1. */
export class FailureError extends Error {
  readonly problems: readonly Problem[];

  constructor(...problems: Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "FailureError";
    this.problems = problems;
  }
}

/** "PLACE: PROBLEM", and what mends it in a line of its own. */
export function formatProblem({ place, problem, fix }: Problem): string {
  return `${place}: ${problem}\n  fix: ${fix}`;
}

/** The message of anything that was thrown; of errors of the file system without the call that failed. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { code, syscall, path } = thrown as NodeJS.ErrnoException;
  const { message } = thrown;
  if (code === undefined || syscall === undefined || !message.startsWith(`${code}: `)) {
    return message;
  }
  const [words = ""] = message.slice(code.length + 2).split(`, ${syscall}`);
  const told = code === "EISDIR" ? "it is a folder" : words;
  return `${told}${path === undefined ? "" : `: ${path}`} (${code})`;
}

/** The candidate nearest to `word` by edit distance, if it is near enough to be a likely typo. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    // Two words that share nothing are no slip of each other, however short.
    if (distance < bestDistance && distance < Math.max(word.length, candidate.length)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
