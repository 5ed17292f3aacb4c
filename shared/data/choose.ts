import { UsageError } from "../errors.ts";
import { uniformStream } from "../random.ts";
import { refuseFile } from "./data_file.ts";
import type { Label, Labelled } from "./labelled.ts";

/** Streams of random numbers that samples are chosen by: one for each class of each source. */
const TRAINING_STREAM = 0xda7a0000;
const HELD_OUT_STREAM = 0xda7a0010;
/** Labels that an error lists. */
const LABELS_SHOWN = 12;

export interface Choice {
  /** Labels that become −1 and +1. Undefined: they are −1 and +1 in the files already. */
  readonly classes: readonly [Label, Label] | undefined;
  /** Samples of the training; undefined: all. */
  readonly train: number | undefined;
  /** Held-out samples; undefined: all of a source of its own, otherwise none. */
  readonly test: number | undefined;
  readonly seed: number;
  /** Place of a key of the sweep file, for errors. */
  readonly place: (key: "train" | "test") => string;
}

/** Rows of a source, in its order, with their labels. */
export interface Chosen {
  readonly from: Labelled;
  readonly rows: readonly number[];
  /** −1 or +1 for each row. */
  readonly y: readonly number[];
}

/**
 * The samples of two classes to train on, and those to hold out: from `heldOut` where there is such
 * a source, otherwise from what training leaves. Of a number that is given, half are of each class,
 * the first having one more if it is odd; which ones is a function of the seed.
 * @throws UsageError if a class has too few
 */
export function chooseSamples(
  training: Labelled,
  heldOut: Labelled | undefined,
  choice: Choice,
): { readonly train: Chosen; readonly test: Chosen } {
  const { train, test, seed } = choice;
  const classes = choice.classes ?? [-1, 1];
  const pool = rowsOfClasses(training, classes, choice.classes === undefined);
  if (heldOut !== undefined && test !== 0) {
    const ownPool = rowsOfClasses(heldOut, classes, choice.classes === undefined);
    return {
      train: chosen(training, take(pool, train, 0, "train", TRAINING_STREAM)),
      test: chosen(heldOut, take(ownPool, test, 0, "test", HELD_OUT_STREAM)),
    };
  }
  const held = halves(test ?? 0);
  if (train === undefined && test !== undefined && test > 0) {
    const rest = pool.map((rows, k) => rows.length - held[k]!) as [number, number];
    const none = rest.findIndex((left) => left <= 0);
    if (none >= 0) refuseCount("test", held[none]!, classes[none]!, pool[none]!.length - 1);
    return {
      train: chosen(training, takeEach(pool, rest, [0, 0], TRAINING_STREAM)),
      test: chosen(training, takeEach(pool, held, rest, TRAINING_STREAM)),
    };
  }
  const first = train === undefined ? ([0, 0] as const) : halves(train);
  return {
    train: chosen(training, take(pool, train, 0, "train", TRAINING_STREAM)),
    test: chosen(
      training,
      test === undefined || test === 0
        ? [[], []]
        : take(pool, test, first, "test", TRAINING_STREAM),
    ),
  };

  function take(
    pools: Rows,
    count: number | undefined,
    skipped: readonly [number, number] | 0,
    key: "train" | "test",
    stream: number,
  ): Rows {
    if (count === undefined) return pools;
    const counts = halves(count);
    const skip = skipped === 0 ? ([0, 0] as const) : skipped;
    for (const [k, rows] of pools.entries()) {
      const left = rows.length - skip[k]!;
      if (counts[k]! > left) refuseCount(key, counts[k]!, classes[k]!, left);
    }
    return takeEach(pools, counts, skip, stream);
  }

  function takeEach(
    pools: Rows,
    counts: readonly [number, number],
    skip: readonly [number, number],
    stream: number,
  ): Rows {
    return pools.map((rows, k) =>
      shuffled(rows, seed, stream + k)
        .slice(skip[k]!, skip[k]! + counts[k]!)
        .sort((a, b) => a - b),
    ) as [number[], number[]];
  }

  function refuseCount(key: "train" | "test", wanted: number, label: Label, left: number): never {
    throw new UsageError({
      place: choice.place(key),
      problem: `'${key}' asks for ${wanted} samples of class ${label}, but there are ${left}`,
      fix: `write a smaller '${key}'; half of it is taken from each class`,
    });
  }
}

type Rows = readonly [readonly number[], readonly number[]];

/** Rows of each of two classes, in the order of the source. @throws UsageError if one has none */
function rowsOfClasses(from: Labelled, classes: readonly [Label, Label], isAll: boolean): Rows {
  const rows: [number[], number[]] = [[], []];
  const { labels } = from;
  for (let i = 0; i < labels.length; i++) {
    const k = classes.indexOf(labels[i]!);
    if (k >= 0) rows[k]!.push(i);
    else if (isAll) {
      const two = [...new Set(Array.from(labels))].slice(0, 2).sort();
      refuseFile(
        from.labels_source ?? from.source,
        `sample ${i} has label ${labels[i]}, which is neither −1 nor 1`,
        `choose two labels that become −1 and 1, for example \`classes: [${two.join(", ")}]\``,
      );
    }
  }
  for (const [k, label] of classes.entries()) {
    if (rows[k]!.length > 0) continue;
    const there = [...new Set(Array.from(labels))].sort();
    const rest = there.length > LABELS_SHOWN ? ", …" : "";
    refuseFile(
      from.labels_source ?? from.source,
      `no sample has label ${label}; there are ${there.slice(0, LABELS_SHOWN).join(", ")}${rest}`,
      "choose two of the labels that are there with `classes`",
    );
  }
  return rows;
}

function halves(count: number): readonly [number, number] {
  return [Math.ceil(count / 2), Math.floor(count / 2)];
}

/** Both classes in the order of the source. */
function chosen(from: Labelled, [negative, positive]: Rows): Chosen {
  const isPositive = new Set(positive);
  const rows = [...negative, ...positive].sort((a, b) => a - b);
  return { from, rows, y: rows.map((row) => (isPositive.has(row) ? 1 : -1)) };
}

/** Fisher and Yates' shuffle. */
function shuffled(rows: readonly number[], seed: number, stream: number): number[] {
  const order = [...rows];
  const uniform = uniformStream(seed, stream);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
