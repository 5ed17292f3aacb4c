import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import type { pageSweeps } from "../../../cli/dashboard/page_sweeps.ts";
import { PAGE_SWEEP_MS_MAX } from "../../../shared/limits.ts";
import { packageRoot } from "../../../shared/package_info.ts";
import { temporaryFolder } from "../../e2e/cli.ts";
import { HandClock } from "../../hand_clock.ts";

const SWEEP = `
name: page
dataset: example4
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 2, to: 128, points: 7 }
seeds: 2
`;

/** As it is built, since a thread runs what is built. */
async function opened(clock: HandClock): Promise<ReturnType<typeof pageSweeps>> {
  const built = pathToFileURL(`${packageRoot}/dist/cli/dashboard/page_sweeps.js`).href;
  const module = (await import(built)) as { pageSweeps: typeof pageSweeps };
  return module.pageSweeps(temporaryFolder(), clock);
}

test("a sweep file is read within the limit or refused with it, and the next one is read", async () => {
  const clock = new HandClock();
  const sweeps = await opened(clock);
  // A thread takes longer to begin than this test to let the time pass.
  const late = sweeps.read(SWEEP, []);
  clock.pass(PAGE_SWEEP_MS_MAX);
  await expect(late).rejects.toThrow(
    /^sweep\.yaml: it is not read within 20000 ms \(PAGE_SWEEP_MS_MAX\)\n {2}fix: `phasesweep submit/,
  );
  const inTime = sweeps.read(SWEEP, []);
  clock.pass(PAGE_SWEEP_MS_MAX - 1);
  expect(await inTime).toMatchObject({ name: "page", groups: [{ cells: 14 }] });
  // Nothing of it waits any more.
  expect(clock.isIdle).toBe(true);
});
