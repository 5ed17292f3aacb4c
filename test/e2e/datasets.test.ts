import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { loadSweepFile } from "../../shared/spec/load.ts";
import { StoredDatasets } from "../../shared/spec/read_datasets.ts";
import { readEntry, rowsOf, writeIdxFolder } from "../shared/data/files.ts";
import { Cli, pause, phasesweep, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

/** Images of 6 × 6 pixels, pooled to four features. */
const ENTRY = "{ idx: images, classes: [0, 2], train: 20, test: 8, pool: 3, seed: 4 }";

function sweepText(name: string, dataset: string, more = ""): string {
  return `name: ${name}
dataset: ${dataset}
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 57 }
seeds: 12
training: { steps: 100 }
measure: [ntk]
${more}`;
}

const folder = temporaryFolder();
const cache = join(folder, "cache", "phasesweep", "datasets");
const results = join(folder, "served");
let server: Cli;
let address = "";
let digest = "";

/** A sweep file beside the images, which it names by a relative path. */
function sweep(name: string, dataset: string, more = ""): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, sweepText(name, dataset, more));
  return path;
}

async function ran(path: string, place: string) {
  const { code, stdout, stderr } = await phasesweep("run", path, "--results", place, "--json");
  expect(code, stderr).toBe(0);
  return documentOf("run", stdout);
}

async function serve(): Promise<void> {
  server = new Cli(
    ...["serve", "--listen", "127.0.0.1:0", "--results", results, "--shard-seconds", "0.2"],
  );
  [, address = ""] = await server.says(/listens on (\S+),/);
}

async function restart(): Promise<void> {
  server.process.kill("SIGKILL");
  await server.finished;
  await serve();
}

const submit = (path: string, ...more: string[]) =>
  phasesweep("submit", path, "--coordinator", address, "--json", ...more);

async function statusOf(name: string) {
  const { stdout } = await phasesweep("status", "--coordinator", address, "--json");
  const { sweeps } = JSON.parse(stdout) as {
    sweeps: { sweep: string; state: string; error: string }[];
  };
  return sweeps.find(({ sweep: of }) => of === name)!;
}

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(folder, "cache");
  writeIdxFolder(join(folder, "images"), 6, 90, 30, true);
  const stored = new StoredDatasets();
  buildPlan(loadSweepFile(sweep("digest", ENTRY)), { stored });
  digest = stored.all()[0]!.reference.digest;
  await serve();
});

afterAll(() => {
  server.process.kill("SIGKILL");
});

test("run trains on images from files, to the numbers of the same data written out", async () => {
  const path = sweep("images", ENTRY);
  const found = await ran(path, join(folder, "run"));
  const { X, y, test: held } = readEntry(folder, ENTRY);
  const written = {
    ...{ name: "written", X: rowsOf({ X }), y },
    test: { X: rowsOf(held!), y: held!.y },
  };
  const inline = await ran(sweep("inline", JSON.stringify(written)), join(folder, "inline"));
  expect(found.phases).toEqual(inline.phases);
  // The bootstrap behind the standard error draws by the shape group.
  const own = ["dataset", "shape_group", "standard_error"];
  const numbers = ({ boundaries }: typeof found) =>
    JSON.stringify(boundaries, (key, value) => (own.includes(key) ? undefined : value));
  expect(numbers(found)).toEqual(numbers(inline));
  expect(readdirSync(join(folder, "run", "datasets"))).toEqual([digest]);
  expect(readdirSync(cache)).toEqual([digest]);

  const again = await ran(path, join(folder, "run"));
  expect(again.cells_computed).toBe(0);
  expect(again.results_sha256).toBe(found.results_sha256);
});

test("plan shows what the data are, and equal content under another name is cached", async () => {
  const other = sweep("other", ENTRY.replace("{", "{ name: pictures,"));
  const place = join(folder, "run");
  const { stdout } = await phasesweep("plan", other, "--results", place);
  expect(stdout).toContain("pictures");
  expect(stdout).toMatch(new RegExp(`20 +4 +8 +${digest.slice(0, 12)}`));
  expect(stdout).toContain("684 cells are cached from earlier sweeps, 0 are new");
  const planned = documentOf(
    "plan",
    (await phasesweep("plan", other, "--results", place, "--json")).stdout,
  );
  expect(planned.datasets).toEqual([
    { name: "pictures", samples: 20, features: 4, test_samples: 8, digest },
  ]);
});

test("a worker fetches what a coordinator was sent, and again where its copy is damaged", async () => {
  rmSync(cache, { recursive: true });
  const first = sweep("first", ENTRY);
  const worker = new Cli("worker", "--coordinator", address, "--slots", "2");
  const submitted = await submit(first, "--watch");
  expect(submitted.code, submitted.stderr).toBe(0);
  expect(readdirSync(join(results, "datasets"))).toEqual([digest]);
  expect(readdirSync(cache)).toEqual([digest]);
  expect(worker.stderr).toContain("fetching data set dataset=images-0-2-n20-pool3-seed4");
  worker.process.kill("SIGTERM");
  expect((await worker.finished).code).toBe(0);

  const bytes = readFileSync(join(cache, digest));
  const damaged = Buffer.from(bytes);
  damaged[bytes.length - 1]! ^= 1;
  writeFileSync(join(cache, digest), damaged);
  await restart();
  const second = sweep("second", ENTRY, "description: more seeds\n");
  writeFileSync(second, readFileSync(second, "utf8").replace("seeds: 12", "seeds: 16"));
  const other = new Cli("worker", "--coordinator", address, "--slots", "2");
  const more = await submit(second, "--watch", "--quiet");
  expect(more.code, more.stderr).toBe(0);
  expect(JSON.parse(more.stdout).cells_cached).toBe(684);
  expect(other.stderr).toContain("is gone or damaged");
  expect(readFileSync(join(cache, digest)).equals(bytes)).toBe(true);
  other.process.kill("SIGTERM");
  await other.finished;
});

test("a sweep whose data set is gone fails with what to do, and goes on when that is done", async () => {
  const third = sweep("third", ENTRY.replace("seed: 4", "seed: 5"));
  expect((await submit(third)).code).toBe(0);
  const [gone] = readdirSync(join(results, "datasets")).filter((name) => name !== digest);
  await restart();
  expect((await statusOf("third")).state).toBe("running");

  server.process.kill("SIGKILL");
  await server.finished;
  rmSync(join(results, "datasets", gone!));
  await serve();
  const { state, error } = await statusOf("third");
  expect(state).toBe("failed");
  expect(error).toMatch(
    /data set images-0-2-n20-pool3-seed5 \(\w{12}\) is not in .*submit the sweep again/,
  );

  const worker = new Cli("worker", "--coordinator", address, "--slots", "2");
  expect((await submit(third, "--watch")).code).toBe(0);
  expect(existsSync(join(results, "datasets", gone!))).toBe(true);

  // Damaged while nobody looks: noticed when a worker asks for it.
  const fourth = sweep("fourth", ENTRY.replace("seed: 4", "seed: 6"));
  worker.process.kill("SIGTERM");
  await worker.finished;
  expect((await submit(fourth)).code).toBe(0);
  const [damaged] = readdirSync(join(results, "datasets")).filter(
    (name) => name !== digest && name !== gone,
  );
  const place = join(results, "datasets", damaged!);
  const bytes = readFileSync(place);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(place, bytes);
  const last = new Cli("worker", "--coordinator", address, "--slots", "1");
  while ((await statusOf("fourth")).state === "running") await pause(100);
  expect((await statusOf("fourth")).error).toContain("submit the sweep again");
  const done = await submit(fourth, "--watch");
  expect(done.code, done.stderr).toBe(0);
  last.process.kill("SIGTERM");
  expect((await last.finished).code).toBe(0);
});

test("what the gram engine cannot hold goes to the dense one, unless it is asked to", async () => {
  writeIdxFolder(join(folder, "wide"), 10, 240, 30);
  const text = sweepText("wide", "{ idx: wide, classes: [0, 1], test: 20 }")
    .replace("measure: [ntk]\n", "")
    .replace("points: 57", "points: 8")
    .replace("seeds: 12", "seeds: 2");
  const path = join(folder, "wide.yaml");
  writeFileSync(path, text);
  const { code, stdout, stderr } = await phasesweep("plan", path, "--json");
  expect(code, stderr).toBe(0);
  expect(documentOf("plan", stdout).groups[0].numeric_class).toMatch(/^float32-/);
  const found = await ran(path, join(folder, "wide-results"));
  const { lazy, catapult, divergent, unsettled } = found.phases;
  expect(lazy + catapult + divergent + unsettled).toBe(found.cells);

  writeFileSync(path, `${text}engine: gram\n`);
  const refused = await phasesweep("plan", path);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("data of rank 100 (GRAM_RANK_MAX is 64)");
});

test("what is wrong with a file is told before anything is written", async () => {
  const broken = sweepFile(temporaryFolder(), sweepText("broken", "{ csv: missing.csv }"));
  const place = join(folder, "broken");
  const { code, stderr } = await phasesweep("run", broken, "--results", place);
  expect(code).toBe(2);
  expect(stderr).toContain("missing.csv: no such file");
  expect(existsSync(place)).toBe(false);
});
