import type { Coordinator } from "../../coordinator/coordinator.ts";
import { writeDurably } from "../../coordinator/results/durable_file.ts";
import { isOver } from "../../coordinator/sweeps/sweep_watch.ts";
import { type Clock, sleep } from "../../shared/clock.ts";
import { planDigest } from "../../shared/plan.ts";
import type { OutcomesJson } from "../documents/status_documents.ts";
import { sweepStatusJson } from "../text/status_json.ts";

const LOOK_MS = 500;
/** Those who follow a sweep hear of its end; another one may be submitted. */
const LINGER_MS = 5_000;
/** Workers have so long to leave. */
const FAREWELL_MS = 10_000;

/** How the sweeps ended, as it stands in the file of `--until-done`. */
type Outcomes = OutcomesJson["sweeps"];

/** Resolves when a coordinator has had sweeps, and all of them have been over for a while. */
export async function sweepsOver(coordinator: Coordinator, clock: Clock): Promise<Outcomes> {
  let over_ms: number | undefined;
  for (;;) {
    const sweeps = coordinator.watch.sweeps();
    const areOver = sweeps.length > 0 && sweeps.every(({ state }) => isOver(state));
    if (!areOver) over_ms = undefined;
    else over_ms ??= clock.nowMs();
    if (over_ms !== undefined && clock.nowMs() - over_ms >= LINGER_MS) {
      return sweeps.map((sweep) => ({
        ...sweepStatusJson(sweep),
        plan_digest: planDigest(coordinator.watch.plan(sweep.sweep)!),
      }));
    }
    await sleep(clock, LOOK_MS);
  }
}

/** Says in a file how the sweeps ended, and sends all workers home. */
export async function sayGoodbye(
  coordinator: Coordinator,
  path: string,
  sweeps: Outcomes,
  clock: Clock,
): Promise<void> {
  await writeDurably(path, Buffer.from(`${JSON.stringify({ sweeps }, null, 2)}\n`));
  coordinator.sendHome("every sweep is done");
  const began_ms = clock.nowMs();
  while (coordinator.sessionCount > 0 && clock.nowMs() - began_ms < FAREWELL_MS) {
    await sleep(clock, LOOK_MS);
  }
}
