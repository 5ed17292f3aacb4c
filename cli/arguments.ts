import { InvalidArgumentError } from "commander";

/** Parsers of arguments that are numbers or addresses, for commander. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = numberIn(text);
    if (!Number.isInteger(value) || value < min || value > max) {
      const range =
        max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
      throw new InvalidArgumentError(`it must be a whole number ${range}.`);
    }
    return value;
  };
}

/** NaN where there is none: an empty text, which a variable that is not set leaves, is no zero. */
function numberIn(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

export function positiveNumber(text: string): number {
  const value = numberIn(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError("it must be a positive number.");
  }
  return value;
}

export function hostAndPort(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(":");
  const port = numberIn(text.slice(at + 1));
  if (at < 1 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError(
      "it must be HOST:PORT, the port from 0 to 65535, for example 127.0.0.1:7070.",
    );
  }
  return { host: text.slice(0, at), port };
}

/** "FROM:TO" */
export function positiveRange(text: string): readonly [number, number] {
  const ends = text.split(":").map(Number);
  const [from = 0, to = 0] = ends;
  if (ends.length !== 2 || !(from > 0 && to > from && to < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError("it must be FROM:TO, two ascending positive numbers.");
  }
  return [from, to];
}
