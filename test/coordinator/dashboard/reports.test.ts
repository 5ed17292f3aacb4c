import { readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { Reports } from "../../../coordinator/dashboard/reports.ts";
import { temporaryFolder } from "../../e2e/cli.ts";
import { filesAtRest } from "../../files_at_rest.ts";
import { HandClock } from "../../hand_clock.ts";

let clock: HandClock;
let folder: string;
let made: string[];
let finish: (problem?: string) => void;
let reports: Reports;

beforeEach(() => {
  clock = new HandClock();
  folder = temporaryFolder();
  made = [];
  reports = new Reports(
    clock,
    (place) =>
      new Promise((resolve, reject) => {
        made.push(place);
        finish = (problem) => {
          if (problem !== undefined) reject(new Error(problem));
          else {
            writeFileSync(join(place, "report.html"), `report ${made.length}`);
            resolve();
          }
        };
      }),
  );
});

const results = (place = folder) => writeFileSync(join(place, "results.parquet"), "rows");

test("a report is made once for all who ask, and again when the results are newer", async () => {
  await expect(reports.answer(folder)).rejects.toThrow("there are no results");
  results();
  const asked = [reports.answer(folder), reports.answer(folder)];
  await filesAtRest();
  expect(made).toEqual([folder]);
  finish();
  for (const answer of await Promise.all(asked)) {
    expect(answer).toMatchObject({ status: 200, body: Buffer.from("report 1") });
    expect(answer.headers!["Content-Security-Policy"]).toMatch(/default-src 'none'.*sandbox/);
  }
  expect((await reports.answer(folder)).status).toBe(200);
  expect(made).toHaveLength(1);

  const later_s = Date.now() / 1000 + 10;
  utimesSync(join(folder, "results.parquet"), later_s, later_s);
  const again = reports.answer(folder);
  await filesAtRest();
  finish();
  expect((await again).body).toEqual(Buffer.from("report 2"));
});

test("one that takes long is asked for again, and others wait for it", async () => {
  results();
  const other = temporaryFolder();
  results(other);
  const first = reports.answer(folder);
  await filesAtRest();
  const second = reports.answer(other);
  await filesAtRest();
  expect(made).toEqual([folder]);
  clock.pass(5_000);
  expect(await first).toMatchObject({ status: 202, headers: { Refresh: "2" } });
  expect((await second).status).toBe(202);
  const again = reports.answer(folder);
  await filesAtRest();
  expect(made).toEqual([folder]);
  finish();
  expect((await again).status).toBe(200);
  await filesAtRest();
  expect(made).toEqual([folder, other]);
  finish();
});

test("one that cannot be made says why, and is tried again by whoever asks next", async () => {
  results();
  const asked = reports.answer(folder);
  await filesAtRest();
  finish("the disk is full");
  await expect(asked).rejects.toThrow("could not be made: the disk is full");
  const again = reports.answer(folder);
  await filesAtRest();
  finish();
  expect((await again).status).toBe(200);
  expect(readFileSync(join(folder, "report.html"), "utf8")).toBe("report 2");
  rmSync(join(folder, "report.html"));
  expect(clock.isIdle).toBe(true);
});

test("one that takes long and cannot be made says why to whoever comes again", async () => {
  results();
  const first = reports.answer(folder);
  await filesAtRest();
  clock.pass(5_000);
  expect((await first).status).toBe(202);
  finish("the disk is full");
  await filesAtRest();
  await expect(reports.answer(folder)).rejects.toThrow("could not be made: the disk is full");
  expect(made).toHaveLength(1);
  const again = reports.answer(folder);
  await filesAtRest();
  finish();
  expect((await again).status).toBe(200);
});
