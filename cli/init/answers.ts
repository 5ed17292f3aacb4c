import type { Label } from "../../shared/data/labelled.ts";
import { nearest, UsageError } from "../../shared/errors.ts";
import { LOSSES, type Loss } from "../../shared/losses.ts";

/** What `init` asks: the data and loss, what to find, and what it may cost. */
export interface Answers {
  readonly data: DataChoice;
  readonly loss: Loss;
  readonly find: Find;
  readonly budget: Budget;
}

export const DATA_NAMES = ["example3", "example4", "separable", "non_separable"] as const;

/** One of those that are built in or made, or a CSV file. */
export type DataChoice = (typeof DATA_NAMES)[number] | OwnData;

/** A CSV file, and what a sweep file must say of it (docs/datasets.md). */
export interface OwnData {
  readonly csv: string;
  readonly header?: false;
  readonly label?: string | number;
  readonly classes?: readonly [Label, Label];
}

export const FINDS = ["grid", "boundaries", "map"] as const;
export type Find = (typeof FINDS)[number];

export type Budget = { readonly seconds: number } | { readonly cells: number };

export const DATA_ABOUT: Readonly<Record<(typeof DATA_NAMES)[number], string>> = {
  example3: "two samples with equal features and opposite labels (Huang et al. 2020)",
  example4: "four samples in the plane, weakly separable (Huang et al. 2020)",
  separable: "16 normal samples moved apart to a margin of 0.1",
  non_separable: "16 samples of two overlapping normal classes",
};

export const FIND_ABOUT: Readonly<Record<Find, string>> = {
  grid: "the phase of every learning rate and seed on a grid",
  boundaries: "η0 and η1 to a tolerance: learning rates and seeds are added where needed",
  map: "a picture of the phases over learning rate and variance of the weights",
};

/** What Enter gives. */
export const DEFAULTS = { data: "example4 logistic", find: "grid", budget: "30s" } as const;

/** "example4 logistic", or the path of a CSV file and a loss. @throws UsageError */
export function readDataAndLoss(text: string, place: string): Pick<Answers, "data" | "loss"> {
  const words = text.trim().split(/[\s,]+/);
  const last = words.at(-1) ?? "";
  const hasLoss = words.length > 1;
  const data = readData(hasLoss ? words.slice(0, -1).join(" ") : last, place);
  return { data, loss: hasLoss ? readLoss(last, place) : "logistic" };
}

export function readData(text: string, place: string): DataChoice {
  if (/\.csv(\.gz)?$/i.test(text)) return { csv: text };
  return oneOf(DATA_NAMES, text, place, " or the path of a .csv file");
}

export function readLoss(text: string, place: string): Loss {
  return oneOf(LOSSES, text, place);
}

export function readFind(text: string, place: string): Find {
  return oneOf(FINDS, text.trim(), place);
}

/** Fewer cells show no phases. */
const CELLS_MIN = 1_000;
const CELLS_MAX = 1e9;
const SECONDS = { s: 1, m: 60, min: 60, h: 3600 } as const;

/** "30s", "5m", "2h", or a number of cells: "100000", "1e6", "100,000 cells". @throws UsageError */
export function readBudget(text: string, place: string): Budget {
  const trimmed = text.trim();
  const time = /^(\d+(?:\.\d+)?)\s*(s|m|min|h)$/i.exec(trimmed);
  if (time !== null) {
    const unit = time[2]!.toLowerCase() as keyof typeof SECONDS;
    const seconds = Number(time[1]) * SECONDS[unit];
    if (seconds >= 5 && seconds <= 100 * 3600) return { seconds };
    throw refusal(place, trimmed, "it is not from 5s to 100h", "for example 30s, 5m or 2h");
  }
  const cells = Number(trimmed.replace(/\s*cells$/i, "").replaceAll(/[,_](?=\d{3})/g, ""));
  if (trimmed !== "" && cells >= CELLS_MIN && cells <= CELLS_MAX) return { cells };
  const problem = Number.isFinite(cells)
    ? `it is not from ${CELLS_MIN} to ${CELLS_MAX} cells`
    : "it is neither a time nor a number of cells";
  throw refusal(place, trimmed, problem, "for example 30s, 5m, 2h or 100000");
}

function oneOf<T extends string>(names: readonly T[], text: string, place: string, more = ""): T {
  const word = text.trim();
  const found = names.find((name) => name === word.toLowerCase());
  if (found !== undefined) return found;
  const guess = nearest(word, names);
  const fix = guess === undefined ? `give one of ${names.join(", ")}${more}` : `write ${guess}`;
  throw refusal(place, word, "it is none of the choices", fix);
}

function refusal(place: string, value: string, problem: string, fix: string): UsageError {
  return new UsageError({ place, problem: `'${value}': ${problem}`, fix });
}
