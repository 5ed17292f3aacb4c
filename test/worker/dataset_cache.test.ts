import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { encodeDataset, type StoredDataset } from "../../shared/dataset_object.ts";
import { NO_LOG } from "../../shared/log.ts";
import { cacheFolder, DatasetCache } from "../../worker/dataset_cache.ts";
import { LinkError } from "../../worker/link_error.ts";
import { trainableShape } from "../../worker/stored_datasets.ts";
import { temporaryFolder } from "../e2e/cli.ts";

const SMALL = vi.hoisted(() => ({ DATASET_CACHE_BYTES_MAX: 300 }));
vi.mock("../../shared/limits.ts", async (original) => ({
  ...(await original<object>()),
  ...SMALL,
}));

/** 24 + 8 + 8 · 2 · 4 = 96 bytes each */
function stored(seed: number): StoredDataset {
  const values = Float64Array.from({ length: 8 }, (_, i) => seed + i / 7);
  return encodeDataset(`data${seed}`, { y: [1, -1], values, samples: 2, features: 4 });
}

const all = [0, 1, 2, 3, 4].map(stored);
const source = new Map(all.map(({ reference, bytes }) => [reference.digest, bytes]));
const [a, b, c, d] = all.map(({ reference }) => reference) as [
  StoredDataset["reference"],
  StoredDataset["reference"],
  StoredDataset["reference"],
  StoredDataset["reference"],
];

let folder = "";
let fetches: string[] = [];
let answer: (digest: string) => Uint8Array[] = () => [];

function cache(): DatasetCache {
  return new DatasetCache({
    folder,
    async *fetch(digest) {
      fetches.push(digest);
      yield* answer(digest);
    },
    clock: systemClock,
    log: NO_LOG,
  });
}

beforeEach(() => {
  folder = join(temporaryFolder(), "cache");
  fetches = [];
  answer = (digest) => {
    const bytes = source.get(digest)!;
    return [bytes.subarray(0, 10), bytes.subarray(10)];
  };
});

test("a data set is fetched once, by whoever asks first, and loaded as it is", async () => {
  const mine = cache();
  const paths = await Promise.all([mine.path(a), mine.path(a), mine.path(b)]);
  expect(paths).toEqual([a, a, b].map(({ digest }) => join(folder, digest)));
  await mine.path(a);
  await cache().path(a);
  expect(fetches).toEqual([a.digest, b.digest]);
  const shape = { dataset: a } as Parameters<typeof trainableShape>[0];
  const { dataset } = trainableShape(shape, paths[0]);
  expect(dataset.flat).toEqual(Float64Array.from({ length: 8 }, (_, i) => i / 7));
  expect(dataset).toMatchObject({ name: "data0", digest: a.digest, y: [1, -1] });
  expect(trainableShape(shape, paths[0]).dataset).toBe(dataset);
});

test("a damaged, cut or missing file is noticed and fetched again", async () => {
  const path = await cache().path(c);
  writeFileSync(path, Buffer.alloc(c.bytes));
  const shape = { dataset: c } as Parameters<typeof trainableShape>[0];
  expect(() => trainableShape(shape, path)).toThrow(
    /^stored data could not be loaded: .* are not those of data set data2$/,
  );
  const next = cache();
  await next.path(c);
  expect(fetches).toHaveLength(2);
  expect(await next.isSound(c)).toBe(true);
  writeFileSync(path, "short");
  await next.path(c);
  expect(fetches).toHaveLength(3);
  // After it was seen to be right, only a failure makes a process look again.
  writeFileSync(path, Buffer.alloc(c.bytes));
  expect(await next.isSound(c)).toBe(false);
  expect(existsSync(path)).toBe(false);
  await next.path(c);
  expect(fetches).toHaveLength(4);
  trainableShape(shape, path);
});

test.each([
  ["other bytes", () => [Buffer.alloc(a.bytes)]],
  ["too few", () => [Buffer.alloc(10)]],
  ["too many", () => [Buffer.alloc(a.bytes + 1), Buffer.alloc(1)]],
])("%s from the coordinator are not kept, and may come right later", async (_, wrong) => {
  answer = wrong;
  const error = await cache()
    .path(a)
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(LinkError);
  expect(error.passing).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});

test("what was used least recently makes room, and what dead processes left", async () => {
  const mine = cache();
  for (const [age, reference] of [a, b, c].entries()) {
    const path = await mine.path(reference);
    utimesSync(path, 1000 + age, 1000 + age);
  }
  writeFileSync(join(folder, "old.partial"), "x");
  utimesSync(join(folder, "old.partial"), 1, 1);
  writeFileSync(join(folder, "new.partial"), "x");
  await mine.path(a);
  await mine.path(d);
  expect(readdirSync(folder).sort()).toEqual([a.digest, c.digest, d.digest, "new.partial"].sort());
  await mine.path(b);
  expect(fetches.filter((digest) => digest === b.digest)).toHaveLength(2);
});

test("a folder that cannot be written to is told with the variable that names another", async () => {
  writeFileSync(folder, "a file in its place");
  await expect(cache().path(a)).rejects.toThrow(/data0 cannot be kept in .*XDG_CACHE_HOME/);
});

test("the folder follows XDG_CACHE_HOME", () => {
  expect(cacheFolder({ XDG_CACHE_HOME: "/x" })).toBe("/x/phasesweep/datasets");
  expect(cacheFolder({})).toMatch(/\.cache\/phasesweep\/datasets$/);
});
