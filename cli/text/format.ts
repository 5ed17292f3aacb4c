/** 1234567 → "1,234,567" */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** "12,345 cells are cached from earlier sweeps" */
export function cachedText(cells: number): string {
  return `${formatCount(cells)} cells are cached from earlier sweeps`;
}

/** Milliseconds as "0.4 s", "12 s", "3:05" or "2:03:05"; "?" where negative. */
export function formatDuration(duration_ms: number): string {
  if (!(duration_ms >= 0)) return "?";
  const seconds = duration_ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const pad = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0
    ? `${hours}:${pad(minutes)}:${pad(whole % 60)}`
    : `${minutes}:${pad(whole % 60)}`;
}

/** An estimate, to no more than is known of it: "8 s", "25 s", "4 min", "2.5 h". */
export function formatRoughly(duration_ms: number): string {
  const seconds = duration_ms / 1000;
  if (seconds < 10) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90) return `${5 * Math.round(seconds / 5)} s`;
  const minutes = seconds / 60;
  return minutes < 90 ? `${Math.round(minutes)} min` : `${Number((minutes / 60).toFixed(1))} h`;
}

/** 4.25 → "4.25", 1e-7 → "1e-7": five significant digits, no trailing zeros. */
export function formatNumber(value: number): string {
  return String(Number(value.toPrecision(5)));
}

/** Rows of text as columns of equal width, two spaces apart. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
