import { canonicalJson } from "../../shared/canonical.ts";
import { datasetDigest, type Plan, type PlannedGroup } from "../../shared/plan.ts";
import type { PlannedShape } from "../../shared/shape_group.ts";
import { axisPoints, seedCount, seedReader } from "../../shared/spec/axes.ts";
import { commonLearningRates, commonSeeds } from "./match_axes.ts";
import { difference, interval, type PositionSet, sizeOf, union } from "./position_sets.ts";

/** Why cells of a group are to be computed although there are earlier sweeps. */
export type MissReason =
  /** These seeds are in none of the sweeps that have the shape. */
  | { readonly reason: "new_seeds"; readonly count: number; readonly seeds: readonly SeedRange[] }
  | { readonly reason: "new_learning_rates"; readonly count: number }
  /** The seeds and the learning rates are there, but not all of them together. */
  | { readonly reason: "not_all_there" }
  | { readonly reason: "no_earlier_sweep" }
  /** Nearest earlier shape: these fields differ. */
  | { readonly reason: "new_shape"; readonly differs: readonly Difference[] }
  /** An earlier shape is equal, but another engine gave its numbers. */
  | { readonly reason: "other_numeric_class"; readonly now: string; readonly earlier: string }
  | { readonly reason: "other_kernel_version" };

/** Seeds first..last, that follow each other. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

export interface Difference {
  readonly field: string;
  readonly now: string;
  readonly earlier: string;
}

/** Earlier shapes among which the nearest is looked for. */
const COMPARED_SHAPES_MAX = 2_000;
/** Hexadecimal digits that tell the contents of data sets apart. */
const DIGEST_CHARACTERS = 8;
/** Ranges of new seeds that are listed. */
const SEED_RANGES_MAX = 100;

/** Explains for any group of a plan why it is not fully among the cells of earlier sweeps. */
export function missExplainer(sources: readonly Plan[]): (group: PlannedGroup) => MissReason[] {
  const byShape = new Map<string, PlannedGroup[]>();
  for (const group of sources.flatMap(({ groups }) => groups)) {
    const known = byShape.get(group.shape_group) ?? [];
    known.push(group);
    byShape.set(group.shape_group, known);
  }
  const candidates = [...byShape.values()].slice(0, COMPARED_SHAPES_MAX).map(([first]) => ({
    group: first!,
    fields: fieldsOf(first!.shape),
  }));
  return (group) => {
    if (byShape.size === 0) return [{ reason: "no_earlier_sweep" }];
    const same = byShape.get(group.shape_group);
    return same === undefined ? [explainShape(group, candidates)] : explainAxes(group, same);
  };
}

function explainAxes(group: PlannedGroup, same: readonly PlannedGroup[]): MissReason[] {
  const none = interval(0, 0);
  const knownSeeds = same.reduce(
    (known, { seeds }) => union(known, commonSeeds(group.seeds, seeds)),
    none,
  );
  const knownRates = same.reduce(
    (known, { learning_rates }) =>
      union(known, commonLearningRates(group.learning_rates, learning_rates)),
    none,
  );
  const newSeeds = difference(interval(0, seedCount(group.seeds)), knownSeeds);
  const newRates = difference(interval(0, axisPoints(group.learning_rates)), knownRates);
  const reasons: MissReason[] = [];
  if (newSeeds.length > 0) {
    const seeds = seedRanges(group, newSeeds);
    reasons.push({ reason: "new_seeds", count: sizeOf(newSeeds), seeds });
  }
  if (newRates.length > 0) {
    reasons.push({ reason: "new_learning_rates", count: sizeOf(newRates) });
  }
  return reasons.length > 0 ? reasons : [{ reason: "not_all_there" }];
}

/** The first ranges of the seeds at some positions. */
function seedRanges({ seeds }: PlannedGroup, positions: PositionSet): SeedRange[] {
  const read = seedReader(seeds);
  const ranges: SeedRange[] = [];
  for (let i = 0; i < positions.length; i += 2) {
    const [first, end] = [positions[i]!, positions[i + 1]!];
    if ("from" in seeds) ranges.push({ first: read(first), last: read(end - 1) });
    else for (let at = first; at < end; at++) ranges.push({ first: read(at), last: read(at) });
    if (ranges.length >= SEED_RANGES_MAX) break;
  }
  return ranges.slice(0, SEED_RANGES_MAX);
}

interface Candidate {
  readonly group: PlannedGroup;
  readonly fields: ReadonlyMap<string, Field>;
}

/** A field of a shape: equal texts are equal values; `shown` is for people. */
interface Field {
  readonly text: string;
  readonly shown: string;
}

function explainShape(group: PlannedGroup, candidates: readonly Candidate[]): MissReason {
  const fields = [...fieldsOf(group.shape)];
  let nearest: Candidate = candidates[0]!;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    let differing = 0;
    for (const [name, { text }] of fields) {
      if (candidate.fields.get(name)!.text !== text) differing++;
    }
    if (differing < fewest) [nearest, fewest] = [candidate, differing];
  }
  if (fewest > 0) {
    const differs = fields.flatMap(([field, { text, shown }]) => {
      const before = nearest.fields.get(field)!;
      return before.text === text ? [] : [{ field, now: shown, earlier: before.shown }];
    });
    return { reason: "new_shape", differs };
  }
  const [now, earlier] = [group.numeric_class, nearest.group.numeric_class];
  if (now !== earlier) return { reason: "other_numeric_class", now, earlier };
  return { reason: "other_kernel_version" };
}

/** What shapes leave out where it is the default. */
const DEFAULTS = { bias_variance: null, input_scale: 1, engine: null };

/** What determines the numbers of a shape's cells; a data set by its content. */
function fieldsOf({ dataset, measure, ...rest }: PlannedShape): ReadonlyMap<string, Field> {
  const digest = datasetDigest(dataset);
  // The content may differ under one name.
  const shown = `${dataset.name} (${digest.slice(0, DIGEST_CHARACTERS)})`;
  const fields = new Map<string, Field>([["dataset", { text: digest, shown }]]);
  for (const [name, value] of Object.entries({
    ...DEFAULTS,
    ...rest,
    measure: [...measure].sort(),
  })) {
    const text = valueText(value);
    fields.set(name, { text, shown: text });
  }
  return fields;
}

/** ["ntk"] → "ntk", { ratio: 0.1 } → "ratio 0.1", null → "none" */
function valueText(value: unknown): string {
  if (value === null) return "none";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(" ");
  if (typeof value === "object") {
    const members = Object.entries(value as object).map(([key, member]) => `${key} ${member}`);
    return members.join(" ");
  }
  return typeof value === "string" ? value : canonicalJson(value);
}
