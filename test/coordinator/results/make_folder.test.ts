import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder } from "../../../coordinator/results/make_folder.ts";

test("folders are made with those above them, and are there afterwards", async () => {
  const place = mkdtempSync(join(tmpdir(), "phasesweep-test-"));
  const deep = join(place, "a", "b", "c");
  await makeFolder(deep);
  await makeFolder(deep);
  expect(existsSync(deep)).toBe(true);
  writeFileSync(join(place, "file"), "");
  await expect(makeFolder(join(place, "file"))).rejects.toThrow("EEXIST");
  await expect(makeFolder(join(place, "file", "below"))).rejects.toThrow("ENOTDIR");
});

test.skipIf(!existsSync("/proc/self"))(
  "a file system that refuses is not asked for ever",
  async () => {
    await expect(makeFolder("/proc/phasesweep/parts")).rejects.toThrow("ENOENT");
  },
);
