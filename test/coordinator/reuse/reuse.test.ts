import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { planDigest } from "../../../shared/plan.ts";
import { connect } from "../analysis/results_fixture.ts";
import { dyingAfter, planOf, run } from "./one_worker.ts";

const folder = mkdtempSync(join(tmpdir(), "reuse-"));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;
const newFolder = () => join(folder, String(folders++));

const GRID = {
  name: "reused",
  dataset: "[example3, example4]",
  loss: "logistic",
  width: "20",
  learning_rate: "{from: 1, to: 16, points: 17}",
  seeds: "12",
  more: "measure: [ntk]",
};

type Grid = Partial<typeof GRID>;

function sweep(grid: Grid = {}): string {
  const { name, dataset, loss, width, learning_rate, seeds, more } = { ...GRID, ...grid };
  return `
name: ${name}
dataset: ${dataset}
loss: ${loss}
model: { hidden_layers: 1, width: ${width} }
learning_rate: ${learning_rate}
seeds: ${seeds}
${more}
`;
}

const fromScratch = new Map<string, string>();

async function scratch(text: string): Promise<string> {
  const known = fromScratch.get(text);
  if (known !== undefined) return known;
  const { sha256 } = await run(text, newFolder());
  fromScratch.set(text, sha256!);
  return sha256!;
}

/** Runs sweeps one after another in one folder; the last must be as from scratch. */
async function runAll(place: string, ...texts: string[]) {
  let last = await run(texts[0]!, place);
  for (const text of texts.slice(1)) last = await run(text, place);
  expect(last.sha256).toBe(await scratch(texts.at(-1)!));
  expect(last.computed + last.cached).toBe(last.cells);
  expect(last.notes).toEqual([]);
  return last;
}

const RECORDED = "measure: [ntk]\ntrajectory: { every: 30 }";

test.each<[string, Grid, Grid, number]>([
  ["refined η", {}, { learning_rate: "{from: 1, to: 16, points: 65}" }, 2 * 12 * 48],
  ["η further at both ends", {}, { learning_rate: "{from: 0.5, to: 32, points: 25}" }, 2 * 12 * 8],
  ["more seeds", {}, { seeds: "{from: 0, count: 20}" }, 2 * 8 * 17],
  ["other seeds too", {}, { seeds: "[3, 900, 4, 70, 5, 1, 0]" }, 2 * 2 * 17],
  ["another width and loss", {}, { width: "[10, 20]", loss: "[squared, logistic]" }, 2 * 3 * 204],
  ["a list out of order", {}, { learning_rate: "[16, 3, 1, 2, 7]" }, 2 * 12 * 2],
  [
    "all at once, with trajectories",
    { more: RECORDED },
    {
      ...{ learning_rate: "{from: 0.5, to: 32, points: 97}", seeds: "{from: 5, count: 30}" },
      ...{ width: "[20, 40]", more: RECORDED },
    },
    4 * 30 * 97 - 2 * 7 * 17,
  ],
  ["fewer of everything", {}, { dataset: "example4", seeds: "3", learning_rate: "[2, 4]" }, 0],
])("%s: the bytes are those of a run from scratch", async (_, first, second, computed) => {
  const last = await runAll(newFolder(), sweep(first), sweep(second));
  expect(last.computed).toBe(computed);
});

test("going back computes nothing, and what was there stays", async () => {
  const place = newFolder();
  const [a, b] = [sweep(), sweep({ learning_rate: "{from: 1, to: 16, points: 33}" })];
  const last = await runAll(place, a, b, a);
  expect(last.computed).toBe(0);
  const again = await runAll(place, b);
  expect(again.computed).toBe(0);
  const digests = [a, b].map((text) => planDigest(planOf(text)).slice(0, 12));
  expect(readdirSync(join(place, "earlier")).sort()).toEqual(digests.sort());
  for (const digest of digests) {
    const files = readdirSync(join(place, "earlier", digest)).sort();
    expect(files).toEqual(["provenance.parquet", "results.parquet"]);
  }
  expect(readdirSync(join(place, "parts"))).toEqual([]);
});

test("several sources, one of which cannot be read", async () => {
  const place = newFolder();
  const more = "measure: [ntk, hessian]\ntrajectory: { every: 50 }";
  const final = sweep({ more, seeds: "20", learning_rate: "{from: 0.5, to: 16, points: 41}" });
  await run(sweep({ more, seeds: "[0, 2, 4, 6]" }), place);
  await run(sweep({ more, seeds: "{from: 3, count: 9}", dataset: "example4" }), place);
  await run(sweep({ more, learning_rate: "{from: 1, to: 2, points: 9}", seeds: "9" }), place);
  const earlier = join(place, "earlier");
  const [one] = readdirSync(earlier) as [string];
  rmSync(join(earlier, one, "results.parquet"));
  writeFileSync(join(earlier, one, "results.parquet"), "PAR1 this is no Parquet file");
  const { sha256, computed, cached, cells, notes } = await run(final, place);
  expect(sha256).toBe(await scratch(final));
  expect(computed + cached).toBe(cells);
  expect(cached).toBeGreaterThan(200);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain(join(earlier, one, "results.parquet"));
});

test("a source whose rows are damaged is done without, and nothing of it stays", async () => {
  const place = newFolder();
  await run(sweep(), place);
  const results = join(place, "results.parquet");
  const bytes = readFileSync(results);
  bytes.fill(0xff, 4, Math.floor(bytes.length / 3));
  writeFileSync(results, bytes);
  const final = sweep({ seeds: "14" });
  const { sha256, computed, cells, notes } = await run(final, place);
  expect(sha256).toBe(await scratch(final));
  expect(computed).toBe(cells);
  expect(notes.length).toBeGreaterThan(0);
  truncateSync(results, 100);
  expect((await run(sweep({ seeds: "15" }), place)).notes.length).toBeGreaterThan(0);
});

test("an interrupted sweep is a source as far as it is committed", async () => {
  const place = newFolder();
  const refined = sweep({ learning_rate: "{from: 1, to: 16, points: 33}", seeds: "20" });
  const final = sweep({ learning_rate: "{from: 1, to: 16, points: 65}", seeds: "16" });
  await run(sweep(), place);
  const stopped = await run(refined, place, { untilCells: 300 });
  expect(stopped.sha256).toBeUndefined();
  expect(stopped.computed).toBeLessThan(stopped.cells - stopped.cached);
  const last = await run(final, place);
  expect(last.sha256).toBe(await scratch(final));
  expect(last.computed + last.cached).toBe(last.cells);
  expect(last.cached).toBeGreaterThan(2 * 12 * 17);
  // Back in the interrupted one, the cells that are left are those that it did not have.
  const back = await run(refined, place);
  expect(back.sha256).toBe(await scratch(refined));
  expect(back.cached).toBeGreaterThanOrEqual(stopped.cached + stopped.computed);
  // Only seeds 16..19 are not in the final one.
  expect(back.computed).toBeLessThanOrEqual(2 * 4 * 33);
});

test("an interrupted sweep alone in its folder loses none of its cells to a longer one", async () => {
  const place = newFolder();
  const stopped = await run(sweep({ seeds: "40" }), place, { untilCells: 500 });
  const final = sweep({ seeds: "41" });
  const last = await run(final, place);
  expect(last.cached).toBe(stopped.computed);
  expect(last.sha256).toBe(await scratch(final));
  expect(last.computed).toBe(last.cells - stopped.computed);
});

test("a reusing run that stops half-way goes on with what it took over", async () => {
  const place = newFolder();
  const final = sweep({ learning_rate: "{from: 1, to: 16, points: 65}" });
  await run(sweep(), place);
  const stopped = await run(final, place, { untilCells: 200 });
  const last = await run(final, place);
  expect(last.cached).toBe(0);
  expect(last.computed).toBe(last.cells - stopped.cached - stopped.computed);
  expect(last.sha256).toBe(await scratch(final));
});

test("a finished sweep whose files are gone takes over what there is, and overwrites no more", async () => {
  const place = newFolder();
  const [a, b, c] = [sweep(), sweep({ seeds: "13" }), sweep({ seeds: "14" })];
  await runAll(place, a, b, a);
  rmSync(join(place, "results.parquet"));
  rmSync(join(place, "earlier", planDigest(planOf(b)).slice(0, 12)), { recursive: true });
  expect((await run(a, place, { untilCells: 1 })).computed).toBe(0);
  rmSync(join(place, "results.parquet"));
  const last = await run(c, place);
  expect(last.computed).toBe(2 * 2 * 17);
  expect(last.sha256).toBe(await scratch(c));
});

test("the neighbours of a folder are sources where that is asked for", async () => {
  const results = newFolder();
  await run(sweep({ name: "one" }), join(results, "one"));
  await run(sweep({ name: "one", seeds: "[30, 31]" }), join(results, "one"));
  const two = sweep({ name: "two", seeds: "32" });
  const last = await run(two, join(results, "two"), { siblings: results });
  expect(last.cached).toBe(2 * 14 * 17);
  expect(last.sha256).toBe(await scratch(two));
});

test("a coordinator of many sweeps takes over from all of them, and refuses a name twice", async () => {
  const place = newFolder();
  const many = { singleSweep: false };
  await run(sweep({ name: "one" }), place, many);
  const two = sweep({ name: "two", seeds: "15" });
  const last = await run(two, place, many);
  expect(last.computed).toBe(2 * 3 * 17);
  expect(last.sha256).toBe(await scratch(two));
  const refused = run(sweep({ name: "two", seeds: "16" }), place, many);
  await expect(refused).rejects.toThrow(/another name.*not computed again/);
});

test("the data set's name, the grid and the output rate are the new sweep's", async () => {
  const data = (name: string) => `{name: ${name}, X: [[1, 0], [1, 0]], y: [1, -1]}`;
  const more = (name: string) =>
    `output_learning_rate: {ratio: 0.5}\ngrids: [{loss: squared, dataset: example4}, {dataset: ${name}}]`;
  const [a, b] = [
    sweep({ more: more(data("mine")) }),
    sweep({ more: more(data("ours")), seeds: "13" }),
  ];
  const last = await runAll(newFolder(), a, b);
  expect(last.computed).toBe(2 * 17);
});

test("the provenance names where the cells are from, in cells of the sweep", async () => {
  const place = newFolder();
  await runAll(place, sweep(), sweep({ learning_rate: "{from: 1, to: 16, points: 33}" }));
  const connection = await connect();
  const reader = await connection.runAndReadAll(
    `SELECT worker, host, first_cell::DOUBLE AS first, sum(cell_count)::DOUBLE AS cells
     FROM read_parquet('${join(place, "provenance.parquet")}') WHERE worker = 'cache'
     GROUP BY ALL ORDER BY first`,
  );
  const rows = reader.getRowObjectsJS();
  connection.closeSync();
  expect(rows.map(({ first, cells }) => [first, cells])).toEqual([
    [0, 12 * 17],
    [12 * 33, 12 * 17],
  ]);
  expect(rows[0]!["host"]).toMatch(/earlier\/[0-9a-f]{12}\/results\.parquet$/);
});

test.each([
  "setAside",
  "takeOver",
  "addSweep",
  "removeStale",
  "removeParts",
  "writeParts",
  "syncParts",
  "commit",
  "merge",
  "setMerged",
])(
  "a process that dies after %s loses no committed cell, and the next run succeeds",
  async (call) => {
    const learning_rate = "{from: 1, to: 16, points: 33}";
    const [a, b] = [sweep({ seeds: "4" }), sweep({ seeds: "5", learning_rate })];
    for (const [next, untilCells] of [
      [a, 70],
      [b, 70],
      [a, 1e9],
      [b, 1e9],
    ] as const) {
      const place = newFolder();
      const before = await run(a, place, { untilCells });
      const dying = run(b, place, { through: (storage) => dyingAfter(call, storage) });
      await expect(dying).rejects.toThrow("the process died");
      const { sha256, computed, cells } = await run(next, place);
      expect(sha256).toBe(await scratch(next));
      expect(computed).toBeLessThanOrEqual(cells - before.computed);
      expect(readdirSync(place)).not.toContainEqual(expect.stringMatching(/^reuse-/));
      expect(readdirSync(join(place, "parts"))).toEqual([]);
    }
  },
);

test("what a process leaves that dies while it sets a sweep aside is in nobody's way", async () => {
  const [a, b] = [sweep(), sweep({ seeds: "13" })];
  const place = newFolder();
  await run(a, place);
  const earlier = join(place, "earlier", planDigest(planOf(a)).slice(0, 12));
  mkdirSync(earlier, { recursive: true });
  linkSync(join(place, "results.parquet"), join(earlier, "results.parquet.partial"));
  linkSync(join(place, "provenance.parquet"), join(earlier, "provenance.parquet"));
  const last = await run(b, place);
  expect(last.sha256).toBe(await scratch(b));
  expect(last.computed).toBe(2 * 17);
  expect(readdirSync(earlier).sort()).toEqual(["provenance.parquet", "results.parquet"]);
});
