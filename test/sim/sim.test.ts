import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";
import { PLANTS } from "./plants.ts";
import { World } from "./world.ts";

const SEEDS = 300;

test(`${SEEDS} seeds end with every cell once, whatever the storm`, async () => {
  let [duplicates, coordinators] = [0, 0];
  for (let seed = 0; seed < SEEDS; seed++) {
    try {
      const report = await new World(seed).run();
      duplicates += report.duplicates;
      coordinators += report.coordinators_started;
    } catch (error) {
      throw new Error(`seed ${seed} (npm run sim -- --first ${seed} --seeds 1): ${error}`);
    }
  }
  // The storms were storms.
  expect(duplicates).toBeGreaterThan(SEEDS / 10);
  expect(coordinators).toBeGreaterThan(2 * SEEDS);
});

/**
 * Seeds that once found something: overlapping failures, an orphaned part, a shared file name, a
 * failure past the end of a shrunk lease, copies that waited for cells which only others may try.
 */
const FOUND = [3503, 1733, 15908, 6611, 55091, 62102, 71777, 52692, 22384];

test.each(FOUND)("seed %d, which once failed", async (seed) => {
  await new World(seed).run();
});

test("a seed replays to the same end", async () => {
  expect(await new World(17).run()).toEqual(await new World(17).run());
});

describe("planted bugs are found", () => {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-plants-"));
  const simulate = () =>
    spawnSync(process.execPath, [join(folder, "dist/test/sim/main.js"), "--seeds", "200"], {
      encoding: "utf8",
      timeout: 110_000,
    });

  beforeAll(() => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [
        join(packageRoot, "node_modules/typescript/bin/tsc"),
        ...["-p", join(packageRoot, "test/sim/tsconfig.json")],
        ...["--outDir", join(folder, "dist"), "--rootDir", packageRoot],
      ],
      { encoding: "utf8" },
    );
    expect(status, stdout).toBe(0);
    cpSync(join(packageRoot, "package.json"), join(folder, "package.json"));
    cpSync(join(packageRoot, "proto"), join(folder, "proto"), { recursive: true });
    symlinkSync(join(packageRoot, "node_modules"), join(folder, "node_modules"));
    expect(simulate().status).toBe(0);
  });

  test.each(PLANTS)("$name", ({ file, find, replace }) => {
    const path = join(folder, "dist", file);
    const sound = readFileSync(path, "utf8");
    expect(sound.split(find)).toHaveLength(2);
    writeFileSync(path, sound.replace(find, replace));
    const { status, stderr } = simulate();
    writeFileSync(path, sound);
    // By a seed, and not because the bug is no program.
    expect(stderr).toMatch(/^seed \d+ failed/m);
    expect(status).not.toBe(0);
  });
});
