import type { Seeded } from "./seeded.ts";

/** Texts that have broken programs: paths, halves of characters, names of JavaScript's own. */
const TEXTS = [
  "",
  ".",
  "..",
  "../../etc/passwd",
  "/etc/passwd",
  "a/b",
  "a\\b",
  "C:\\x",
  "CON",
  "a\0b",
  "\n\u001b[2J",
  "\ud800",
  "ﬀ\u202e",
  "__proto__",
  "constructor",
  "toString",
  "x".repeat(300),
  "x".repeat(70_000),
  "%s%n",
  "'; DROP TABLE sweeps; --",
  "NaN",
  "-1",
  "{}",
];

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.5,
  255,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 32,
  2 ** 53,
  2 ** 53 - 1,
  2 ** 63,
  -(2 ** 63),
  1e308,
  5e-324,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

/** A copy of a value in which some of what it holds, at least one thing, is something else. */
export function mutated(value: unknown, seeded: Seeded): unknown {
  for (;;) {
    let changes = 0;
    const walk = (inner: unknown): unknown => {
      if (seeded.chance(0.12)) {
        changes++;
        return other(inner, seeded);
      }
      if (Array.isArray(inner)) return inner.map(walk);
      if (inner instanceof Uint8Array) return inner;
      if (typeof inner === "object" && inner !== null) {
        return Object.fromEntries(
          Object.entries(inner)
            .filter(() => !seeded.chance(0.02) || ++changes === 0)
            .map(([key, of]) => [key, walk(of)]),
        );
      }
      return inner;
    };
    const result = walk(value);
    if (changes > 0) return result;
  }
}

function other(value: unknown, seeded: Seeded): unknown {
  if (seeded.chance(0.1)) return seeded.pick([null, [], {}, "text", 7, true]);
  if (value instanceof Uint8Array) return mutatedBytes(Buffer.from(value), seeded);
  if (Array.isArray(value)) {
    if (value.length === 0 || seeded.chance(0.3)) return [];
    return Array.from({ length: seeded.pick([1, 2, 50, 5_000]) }, () => seeded.pick(value));
  }
  switch (typeof value) {
    case "string":
      if (value.startsWith("{") && seeded.chance(0.7)) return mutatedJson(value, seeded);
      return seeded.pick(TEXTS);
    case "number":
      return seeded.chance(0.5) ? seeded.pick(NUMBERS) : value + seeded.pick([-1, 1, 0.5, 1e6]);
    case "boolean":
      return !value;
    default:
      return value;
  }
}

/** JSON in which a value is another, or which is none any more. */
function mutatedJson(json: string, seeded: Seeded): string {
  if (seeded.chance(0.1)) return json.slice(0, seeded.below(json.length));
  return JSON.stringify(mutated(JSON.parse(json), seeded)) ?? "";
}

/** Bytes that were cut, doubled, or written over in places. */
export function mutatedBytes(bytes: Buffer, seeded: Seeded): Buffer {
  const copy = Buffer.from(bytes);
  switch (seeded.below(4)) {
    case 0:
      return copy.subarray(0, seeded.below(copy.length + 1));
    case 1:
      return Buffer.concat([copy, seeded.bytes(1 + seeded.below(40))]);
    case 2: {
      const at = seeded.below(copy.length + 1);
      return Buffer.concat([copy.subarray(0, at), seeded.bytes(4), copy.subarray(at)]);
    }
    default:
      for (let i = 1 + seeded.below(6); i > 0 && copy.length > 0; i--) {
        copy[seeded.below(copy.length)] = seeded.below(256);
      }
      return copy;
  }
}
