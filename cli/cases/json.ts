/** JSON on one line, where numbers that JSON lacks become "Infinity", "-Infinity" and "NaN". */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    typeof inner === "number" && !Number.isFinite(inner) ? String(inner) : inner,
  );
}
