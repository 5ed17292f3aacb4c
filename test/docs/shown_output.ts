/** What a page shows of a command's output, held against what it printed. */

/** What differs from run to run, on purpose: it is masked on both sides, and nothing else is. */
const VARIES: readonly (readonly [RegExp, string])[] = [
  [/in [\d.:]+( s)? \([\d,]+ cells\/s\)/g, "in TIME (RATE)"],
  [/\b\d+(\.\d+)? s\b/g, "TIME"],
  [/v\d+\.\d+\.\d+, linux-x64/g, "NODE, PLATFORM"],
  [/phasesweep \d+\.\d+\.\d+/g, "phasesweep VERSION"],
  [/ready: \d+ slots/g, "ready: SLOTS"],
  [/\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?Z?)?/g, "DATE"],
];

function masked(line: string): string {
  return VARIES.reduce((text, [pattern, word]) => text.replace(pattern, word), line.trimEnd());
}

/**
 * Where the shown lines part from the printed ones, or undefined. A line `…` stands for any lines, and
 * at the end for all that follow.
 */
export function outputProblem(shown: readonly string[], printed: string): string | undefined {
  const lines = printed.trimEnd().split("\n").map(masked);
  let at = 0;
  let skipping = false;
  for (const line of shown.map(masked)) {
    if (line === "…") {
      skipping = true;
      continue;
    }
    const found = skipping ? lines.indexOf(line, at) : at;
    if (found < 0 || lines[found] !== line) {
      return `the page shows "${line}", printed was "${lines[at] ?? "nothing more"}"`;
    }
    at = found + 1;
    skipping = false;
  }
  if (!skipping && at < lines.length) return `the page does not show "${lines[at]}"`;
  return undefined;
}
