import { InvalidArgumentError } from "commander";

/** Parsers of arguments that are numbers or addresses, for commander. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`it must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError("it must be a positive number.");
  }
  return value;
}

export function hostAndPort(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(":");
  const port = Number(text.slice(at + 1));
  if (at < 1 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError("it must be HOST:PORT, for example 0.0.0.0:7070.");
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
