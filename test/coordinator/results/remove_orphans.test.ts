import { expect, test } from "vitest";
import { removeOrphans } from "../../../coordinator/results/remove_orphans.ts";
import type { Storage } from "../../../coordinator/storage.ts";

test("only files of earlier starts that no commit names are removed", async () => {
  const files = [
    "s-1.1.parquet",
    "s-2.1.parquet",
    "s-2.2.parquet",
    "s-3.1.parquet",
    "s-4.1.parquet",
  ];
  const removed: string[] = [];
  const storage = {
    // Start 4 has taken over from this one meanwhile, and is about to commit what it wrote.
    journal: {
      epoch: 3,
      unnamed: async (asked: string[]) => asked.filter((file) => file !== "s-2.1.parquet"),
    },
    listParts: async () => [...files, "of no start"],
    removeParts: async (some: string[]) => void removed.push(...some),
  } as unknown as Storage;
  await removeOrphans(storage);
  expect(removed).toEqual(["s-1.1.parquet", "s-2.2.parquet", "of no start"]);
});
