/** The line that an error names, from 1: "sweep.yaml:12:3: …" or "line 12"; null: none. */
export function lineOf(error: string): number | null {
  const found = /^[^\s:]*:(\d+)(?::\d+)?:/m.exec(error) ?? /\bline (\d+)\b/i.exec(error);
  return found === null ? null : Number(found[1]);
}

/** Where a line of a text begins and ends. */
export function lineRange(text: string, line: number): { start: number; end: number } {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
  const start = Math.min(before, text.length);
  return { start, end: Math.min(text.length, start + (lines[line - 1]?.length ?? 0)) };
}
