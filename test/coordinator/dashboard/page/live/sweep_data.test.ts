import { expect, test } from "vitest";
import { CELL } from "../../../../../coordinator/dashboard/messages.ts";
import { Api } from "../../../../../coordinator/dashboard/page/live/api.ts";
import {
  type ChangedCells,
  SweepData,
} from "../../../../../coordinator/dashboard/page/live/sweep_data.ts";
import { scriptedSweep } from "../scripted_sweep.ts";

/** A coordinator whose versions of the plan a test sets; cells are answered when they are let go. */
function scripted(versions: { plan: string; cells: string }[]) {
  const { plan } = scriptedSweep({ name: "s", rates: 4, seeds: 2 });
  const waiting: (() => void)[] = [];
  let at = -1;
  const browser = {
    fetch: async (path: string) => {
      if (path.startsWith("api/plan")) {
        at++;
        return Response.json({ ...plan, version: versions[at]!.plan });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
      const headers = { "X-Plan-Version": versions[at]!.cells };
      return new Response(new Uint8Array(8), { headers });
    },
    later: () => () => {},
    random: () => 0,
  };
  const changes: (readonly ChangedCells[] | null)[] = [];
  const data = new SweepData(new Api(browser), "s", (cells) => changes.push(cells));
  const answer = async () => {
    await expect.poll(() => waiting.length).toBeGreaterThan(0);
    waiting.shift()!();
  };
  return { data, changes, answer };
}

const runs = [2, 3, CELL.lazy, 7, 1, CELL.failed];

test("cells that come while all are fetched are applied after", async () => {
  const { data, changes, answer } = scripted([{ plan: "v1", cells: "v1" }]);
  const loaded = data.load();
  data.cellsChanged({ sweep: "s", version: "v1", runs });
  data.cellsChanged({ sweep: "another", version: "v1", runs: [0, 8, CELL.divergent] });
  await answer();
  await loaded;
  expect([...data.states]).toEqual([0, 0, 1, 1, 1, 0, 0, 5]);
  expect(changes).toEqual([null]);
  data.cellsChanged({ sweep: "s", version: "v1", runs: [0, 2, CELL.catapult] });
  expect([...data.states]).toEqual([2, 2, 1, 1, 1, 0, 0, 5]);
  expect(changes.at(-1)).toEqual([{ first: 0, count: 2 }]);
  // Of another plan these are other cells.
  data.cellsChanged({ sweep: "s", version: "v2", runs: [0, 8, CELL.divergent] });
  expect([...data.states]).toEqual([2, 2, 1, 1, 1, 0, 0, 5]);
});

test("a plan that changed before its cells came is fetched again", async () => {
  const { data, answer } = scripted([
    { plan: "v1", cells: "v2" },
    { plan: "v2", cells: "v2" },
  ]);
  const loaded = data.load();
  await answer();
  await answer();
  await loaded;
  expect(data.plan!.version).toBe("v2");
  expect(data.problem).toBe("");
});

test("only the last load counts, and none after the end", async () => {
  const versions = { plan: "v1", cells: "v1" };
  const { data, changes, answer } = scripted([versions, versions, versions]);
  const first = data.load();
  const second = data.load();
  await answer();
  await Promise.all([first, second]);
  expect(changes).toEqual([null]);
  const last = data.load();
  data.close();
  await last;
  expect(changes).toEqual([null]);
});
