import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Dataset } from "../../../shared/datasets.ts";
import type { Loss } from "../../../shared/losses.ts";

// biome-ignore lint/suspicious/noExplicitAny: the fixtures' shape is their own documentation
export type Fixture = any;

export function fixture(name: string): Fixture {
  return JSON.parse(readFileSync(new URL(`../../golden/${name}.json`, import.meta.url), "utf8"));
}

export const LOSS_NAMES: Readonly<Record<string, Loss>> = {
  exp: "exponential",
  logistic: "logistic",
  mse: "squared",
};

export function named(data: { X: number[][]; y: number[] }): Dataset {
  return { name: "golden", ...data };
}

export function expectRelative(actual: number, expected: number, tolerance: number, floor = 0) {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(
    tolerance * Math.max(Math.abs(expected), floor),
  );
}
