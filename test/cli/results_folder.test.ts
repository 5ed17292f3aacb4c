import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mergedResultsIn } from "../../cli/results_folder.ts";
import { temporaryFolder } from "../e2e/cli.ts";

test("a folder without results leads to the one that is meant, or to those that there are", () => {
  const results = join(temporaryFolder(), "results");
  for (const name of ["figure1", "widths"]) {
    mkdirSync(join(results, name), { recursive: true });
    writeFileSync(join(results, name, "results.parquet"), "PAR1PAR1");
  }
  const file = join(results, "notes.txt");
  writeFileSync(file, "");
  expect(mergedResultsIn(join(results, "figure1"))).toBe(
    join(results, "figure1", "results.parquet"),
  );
  const refusal = (folder: string) => {
    try {
      mergedResultsIn(folder);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("it was taken");
  };
  expect(refusal(join(results, "figrue1"))).toBe(
    `${join(results, "figrue1")}: there is no such folder\n  fix: write ${join(results, "figure1")}`,
  );
  expect(refusal(results)).toContain(`in it\n  fix: give one of ${join(results, "figure1")}, `);
  expect(refusal(file)).toContain("it is a file, not a folder");
  expect(refusal(join(results, "figure1", "results.parquet"))).toContain(
    `fix: write ${join(results, "figure1")}`,
  );
  // What is within is meant, and not a neighbour that is called almost so.
  mkdirSync(join(results, "figure2", "my sweep"), { recursive: true });
  writeFileSync(join(results, "figure2", "my sweep", "results.parquet"), "");
  expect(refusal(join(results, "figure2"))).toContain(
    `fix: give one of '${join(results, "figure2", "my sweep")}'`,
  );
  for (const damaged of ["", "PAR1", "PAR1, and cut off", "something else"]) {
    writeFileSync(join(results, "widths", "results.parquet"), damaged);
    expect(refusal(join(results, "widths"))).toContain("it is no whole Parquet file");
  }
  // A sweep that runs, or was interrupted.
  mkdirSync(join(results, "figure3"));
  writeFileSync(join(results, "figure3", "journal.sqlite"), "");
  expect(refusal(join(results, "figure3"))).toContain("no sweep in it is finished");
  // Nor is a fleet's folder unfinished, which has a journal of all its sweeps.
  writeFileSync(join(results, "journal.sqlite"), "");
  expect(refusal(results)).toContain("there is no results.parquet in it");
});
