import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, type TestContext, test } from "vitest";
import type { Commit } from "../../coordinator/journal/journal.ts";
import { SqliteJournal } from "../../coordinator/journal/sqlite_journal.ts";
import {
  Cli,
  pause,
  phasesweep,
  sha256Of,
  skipBecause,
  sweepFile,
  temporaryFolder,
} from "./cli.ts";
import { SmallDisk } from "./small_disk.ts";

/** Its 71,760 cells make parts of 104 bytes a cell. */
const SWEEP = `
name: disk
dataset: [example3, example4]
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 40
training: { steps: 100 }
measure: [ntk, hessian]
`;
const PARTS_KILOBYTES = 7_500;
const folder = temporaryFolder();
const sweep = sweepFile(folder, SWEEP);
let undisturbed = "";

beforeAll(async () => {
  const results = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", results)).code).toBe(0);
  undisturbed = sha256Of(join(results, "results.parquet"));
});

function smallDisk({ skip, onTestFinished }: TestContext, kilobytes: number): SmallDisk {
  skipBecause(SmallDisk.problem(), skip);
  const disk = new SmallDisk();
  disk.mount(kilobytes);
  onTestFinished(() => disk.unmount());
  return disk;
}

/** Runs the sweep again, which must go on from what is there. */
async function goesOn(results: string): Promise<{ cells: number; cells_computed: number }> {
  const { code, stdout, stderr } = await phasesweep("run", sweep, "--results", results, "--json");
  expect(stderr).not.toContain("fix:");
  expect(code).toBe(0);
  expect(sha256Of(join(results, "results.parquet"))).toBe(undisturbed);
  return JSON.parse(stdout);
}

async function parts(results: string, count: number): Promise<void> {
  const parts = join(results, "parts");
  while (!existsSync(parts) || readdirSync(parts).length < count) await pause(5);
}

test("a full disk ends a run with what to do, and the next one goes on", async (context) => {
  const disk = smallDisk(context, PARTS_KILOBYTES / 2);
  const results = join(disk.folder, "results");
  const { code, stderr } = await phasesweep("run", sweep, "--results", results);
  expect(code).toBe(1);
  expect(stderr).toContain(results);
  // The parts find it full, or the journal does.
  expect(stderr).toMatch(/no space left|disk is full/);
  expect(stderr).toMatch(/fix: .*goes on from there/);
  expect(stderr).not.toMatch(/^ +at .*:\d+:\d+\)?$/m);
  expect(existsSync(join(results, "results.parquet"))).toBe(false);
  // What could not be written must not take the room of what could.
  for (const name of readdirSync(join(results, "parts"))) {
    expect(
      readFileSync(join(results, "parts", name))
        .subarray(-4)
        .toString(),
    ).toBe("PAR1");
  }

  disk.fill();
  const still = await phasesweep("run", sweep, "--results", results);
  expect(still.code).toBe(1);
  expect(still.stderr).toContain(results);
  // The journal may still have room in what it once took; the parts have none.
  expect(still.stderr).toMatch(/(disk is full|no space left).*\n {2}fix: /);
  disk.free();
  disk.remount("size=100m");
  const { cells, cells_computed } = await goesOn(results);
  expect(cells_computed).toBeGreaterThan(0);
  expect(cells_computed).toBeLessThan(cells);
});

test("a disk with room for the parts and none for the merged file", async (context) => {
  const disk = smallDisk(context, PARTS_KILOBYTES + 2_500);
  const results = join(disk.folder, "results");
  const { code, stderr } = await phasesweep("run", sweep, "--results", results);
  expect(code).toBe(1);
  expect(stderr).toContain(`${results}: `);
  expect(stderr).toMatch(/could not be merged: .*(No space left|full)/);
  expect(existsSync(join(results, "results.parquet"))).toBe(false);
  disk.remount("size=100m");
  expect((await goesOn(results)).cells_computed).toBe(0);
});

test("a journal on a full disk commits all or nothing, and goes on when there is room", async (context) => {
  const disk = smallDisk(context, 1_000);
  const journal = new SqliteJournal(disk.folder);
  const commit = (first: number) => {
    const range = { first, end: first + 1 };
    const file = String(first).padStart(1000, "x");
    return { sweep: "s", file, range, accepted: [range], phases: [1] } as unknown as Commit;
  };
  disk.fill();
  let first = 0;
  const fill = async () => {
    for (; ; first += 2) await journal.commit([commit(first), commit(first + 1)]);
  };
  await expect(fill()).rejects.toThrow(/full/);
  expect(await journal.commits("s")).toHaveLength(first);
  disk.free();
  await journal.commit([commit(first), commit(first + 1)]);
  expect(await journal.commits("s")).toHaveLength(first + 2);
  expect(await journal.progress("s")).toMatchObject({ done: [{ first: 0, end: first + 2 }] });
  await journal.close();
});

test("a folder that is read-only is refused before anything runs", async (context) => {
  const disk = smallDisk(context, 1_000);
  mkdirSync(join(disk.folder, "there"));
  disk.remount("ro");
  for (const name of ["there", "new"]) {
    for (const command of [["run", sweep], ["serve"]]) {
      const results = join(disk.folder, name);
      const { code, stderr } = await phasesweep(...command, "--results", results);
      expect(code).toBe(1);
      expect(stderr).toContain(
        `${results}: the results folder cannot be made or written to: read-only file system`,
      );
      expect(stderr).toContain("fix: give a folder that can be written to with --results");
    }
  }
});

test("a file in the place of the folder, and a journal that is none", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const refused = await phasesweep("run", sweep, "--results", file);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /cannot be made or written to: .*\(EEXIST\)\n {2}fix: give a folder/,
  );

  const damaged = temporaryFolder();
  writeFileSync(join(damaged, "journal.sqlite"), "no database, but long enough to be looked at");
  const { code, stderr } = await phasesweep("run", sweep, "--results", damaged);
  expect(code).toBe(1);
  expect(stderr).toMatch(/journal cannot be opened: file is not a database\n {2}fix: if/);
});

test("a folder that another process uses is refused", async () => {
  const results = join(folder, "undisturbed");
  const server = new Cli("serve", "--listen", "127.0.0.1:0", "--results", results);
  await server.says(/listens on/);
  const { code, stderr } = await phasesweep("run", sweep, "--results", results);
  expect(code).toBe(1);
  expect(stderr).toMatch(/journal.sqlite: .* locked\n {2}fix: another phasesweep is using/);
  server.process.kill("SIGTERM");
  expect((await server.finished).code).toBe(0);
});

test("parts that somebody removes are computed again", async () => {
  const results = join(folder, "thinned");
  const run = new Cli("run", sweep, "--results", results);
  await parts(results, 5);
  run.process.kill("SIGKILL");
  await run.finished;
  const there = readdirSync(join(results, "parts"));
  for (const file of there.slice(0, 3)) rmSync(join(results, "parts", file));
  await goesOn(results);
});

test("a folder that is removed during a run ends it with the reason", async () => {
  const results = join(folder, "removed");
  const run = new Cli("run", sweep, "--results", results);
  await parts(results, 5);
  rmSync(results, { recursive: true, force: true, maxRetries: 20 });
  const { code, stderr } = await run.finished;
  expect(code).toBe(1);
  expect(stderr).toContain(`${results}: `);
  expect(stderr).toMatch(/ENOENT|was removed/);
  expect(stderr).not.toMatch(/^ +at .*:\d+:\d+\)?$/m);
  expect(existsSync(join(results, "results.parquet"))).toBe(false);
  await goesOn(results);
});

test("a disk that is full for a while does not end a run", async (context) => {
  const disk = smallDisk(context, 100_000);
  const results = join(disk.folder, "results");
  const run = new Cli("run", sweep, "--results", results);
  await parts(results, 5);
  disk.fill();
  // Long enough for every slot to have met the full disk.
  await pause(3_000);
  disk.free();
  const { code, stderr } = await run.finished;
  expect(stderr).not.toContain("fix:");
  expect(code).toBe(0);
  expect(sha256Of(join(results, "results.parquet"))).toBe(undisturbed);
});
