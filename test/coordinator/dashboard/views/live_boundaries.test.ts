import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, describe, expect, test } from "vitest";
import { bootstrapUniforms } from "../../../../coordinator/analysis/boundaries/bootstrap_uniforms.ts";
import {
  readBoundaryRows,
  type Summary,
} from "../../../../coordinator/analysis/boundaries/boundaries.ts";
import { sampledRuns } from "../../../../coordinator/analysis/runs_source.ts";
import type { LiveBoundary } from "../../../../coordinator/dashboard/messages.ts";
import { readPlan } from "../../../../coordinator/results/metadata.ts";
import type { Phase } from "../../../../shared/phases.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";
import { temporaryFolder } from "../../../e2e/cli.ts";
import { endingAs, Gathered, until, type Verdict, ViewedSweep } from "./viewed_sweep.ts";

let viewed: ViewedSweep | undefined;
afterEach(async () => {
  await viewed?.close();
  viewed = undefined;
});

/** Looks after which a comparison says what differs. */
const PATIENCE_LOOKS = 1_000;

const MODEL = "model: {hidden_layers: 1, width: [5, 8]}";
const BASE = "name: s, dataset: example3, loss: logistic";

/** A number in [0, 1) that follows from its arguments. */
function hashed(...numbers: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const number of numbers) {
    state = Math.imul(state ^ Math.round(number * 4099), 0x85ebca6b);
    state ^= state >>> 13;
    state = Math.imul(state, 0xc2b2ae35);
    state ^= state >>> 16;
  }
  return (state >>> 0) / 2 ** 32;
}

/** Boundaries that differ between seeds; some seeds are lazy, or divergent, at all learning rates. */
const censoredSeeds: Verdict = (_, seed, eta) => {
  if (seed % 7 === 3) return "lazy";
  if (seed % 7 === 5) return "divergent";
  const eta0 = 2 + 3 * hashed(seed, 1);
  const eta1 = eta0 * (1.5 + hashed(seed, 2));
  return eta < eta0 ? "lazy" : eta < eta1 ? "catapult" : "divergent";
};

/** Every verdict to and fro, unsettled runs among them. */
const toAndFro: Verdict = (_, seed, eta) => {
  const phases: readonly Phase[] = ["lazy", "catapult", "divergent", "unsettled"];
  if (eta < 2) return "lazy";
  return phases[Math.floor(hashed(seed, eta) * 4)]!;
};

const someFail: Verdict = (group, seed, eta) =>
  seed === 2 || hashed(seed, eta, 9) < 0.08 ? null : toAndFro(group, seed, eta);

const CASES: readonly {
  readonly name: string;
  readonly sweep: string;
  readonly verdict: Verdict;
  readonly precision?: string;
  readonly grows?: boolean;
}[] = [
  {
    name: "seeds whose boundaries lie beyond the grid",
    sweep: `{${BASE}, seeds: 23, ${MODEL}, learning_rate: {from: 1, to: 16, points: 33}}`,
    verdict: censoredSeeds,
  },
  {
    name: "bands where the verdict goes to and fro, in an axis that does not ascend",
    sweep: `{${BASE}, seeds: 12, ${MODEL}, learning_rate: [1, 16, 2, 3, 5, 4, 9, 8, 7, 6.5, 1.5, 12]}`,
    verdict: toAndFro,
  },
  {
    name: "blocks that share a shape, with learning rates and seeds in common",
    sweep: `{${BASE}, grids: [
      {seeds: 9, ${MODEL}, learning_rate: {from: 1, to: 4, points: 9}},
      {seeds: {from: 4, count: 9}, ${MODEL}, learning_rate: {from: 3, to: 16, points: 11}}]}`,
    verdict: toAndFro,
  },
  {
    name: "cells that cannot be computed",
    sweep: `{${BASE}, seeds: 6, ${MODEL}, learning_rate: {from: 1, to: 16, points: 17}}`,
    verdict: someFail,
  },
  {
    name: "a sweep that grows in rounds, by learning rates and seeds",
    sweep: `{${BASE}, seeds: 8, ${MODEL}, learning_rate: {from: 1, to: 16, points: 17},
      boundaries: {eta_tolerance: 0.01, median_interval: 0.3, cells_max: 6000}}`,
    verdict: (_, seed, eta) => {
      const eta0 = 2 + 3 * hashed(seed, 1);
      return eta < eta0 ? "lazy" : eta < 2 * eta0 ? "catapult" : "divergent";
    },
    grows: true,
  },
  {
    name: "cells that float64 decides in place of float32",
    sweep: `{${BASE}, precision: verify, seeds: 5, ${MODEL}, learning_rate: {from: 1, to: 16, points: 17}}`,
    // The classes disagree next to the boundaries.
    verdict: ({ numeric_class }, seed, eta) => {
      const eta0 = (2 + hashed(seed, 1)) * (numeric_class === "float64-exact" ? 1.2 : 1);
      return eta < eta0 ? "lazy" : eta < 3 * eta0 ? "catapult" : "divergent";
    },
    grows: true,
  },
];

describe("boundaries of a sweep that is done are those that the analysis publishes", () => {
  test.each(CASES)("$name", async ({ sweep, verdict, grows = false }) => {
    const folder = temporaryFolder();
    viewed = await ViewedSweep.open(
      folder,
      buildPlan(parseSweep(sweep, "test")),
      endingAs(verdict),
    );
    const gathered = new Gathered();
    viewed.views.follow("s", gathered);
    viewed.register();
    await viewed.finish();
    expect(viewed.state).toBe("done");
    const version = (await viewed.views.plan("s")).version;
    expect(gathered.plans.length > 0).toBe(grows);
    const published = await readPublished(folder);
    const wanted = published.map(({ shape_group, seeds, eta0, eta1 }) => ({
      ...{ shape_group, seeds },
      eta0: liveOf(eta0, seeds),
      eta1: liveOf(eta1, seeds),
    }));
    const last = () => gathered.found.at(-1);
    // Before the last there may be one of the same cells, with fewer resamples.
    await until(
      () => last()?.version === version && isDeepStrictEqual(last()!.groups, wanted),
      PATIENCE_LOOKS,
    );
    expect(last()!.groups).toEqual(wanted);

    // What is known of a seed stays known while rounds ask for more of it.
    for (const [index] of wanted.entries()) {
      const known = gathered.found.map(({ groups }) => groups[index]!.eta0.seeds_known);
      expect(known).toEqual(known.toSorted((x, y) => x - y));
    }

    // The same of a view that begins with the merged file.
    const later = new Gathered();
    viewed = await ViewedSweep.reopen(viewed);
    viewed.views.follow("s", later);
    await until(() => later.found.length > 0);
    expect(later.found.at(-1)!.groups).toEqual(wanted);
  });
});

async function readPublished(folder: string) {
  const path = join(folder, "results.parquet");
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  try {
    const plan = await readPlan(connection, path);
    const { confidence } = plan;
    const options = { uniforms: bootstrapUniforms, confidence };
    return await readBoundaryRows(connection, sampledRuns(path, plan), options);
  } finally {
    connection.closeSync();
  }
}

/** What a page is told where this is published. */
function liveOf(published: Summary, seeds: number): LiveBoundary {
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  return {
    median: published.median,
    beyond: published.median_beyond,
    low: finite(published.low),
    high: finite(published.high),
    seeds_known: seeds,
  };
}
