import * as grpc from "@grpc/grpc-js";
import { type Clock, sleep } from "../../shared/clock.ts";
import { type Connection, EndpointMissing } from "../../shared/connection.ts";
import type { CoordinatorClient } from "../../shared/generated/phasesweep/v1/Coordinator.ts";
import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { backendOf } from "../../shared/numeric_class.ts";
import { call } from "../../shared/rpc.ts";
import { CoordinatorAway, followSweep, withCoordinator } from "../coordinator_client.ts";
import type { Hardware } from "../load_plan.ts";
import type { ProgressDisplay } from "../progress/progress_display.ts";
import { fleetHardware, submitSweep } from "../submit_sweep.ts";
import { cachedText } from "../text/format.ts";
import { type Fleet, fleetFiles, jobName } from "./fleet.ts";
import { readOutcomes } from "./fleet_folder.ts";
import type { FleetKeeper } from "./fleet_keeper.ts";

const LOOK_AGAIN_MS = 1_000;
/** A GPU task has found its devices, or has none, so long after it has connected. */
const DEVICES_MS = 30_000;

export interface FollowOptions {
  readonly fleet: Fleet;
  readonly sweepPath: string;
  readonly sweep: string;
  readonly keeper: FleetKeeper;
  readonly display: ProgressDisplay;
  readonly clock: Clock;
}

/** How clients reach the coordinator of a fleet, wherever it runs. */
export function fleetConnection({ results, insecure }: Fleet): Connection {
  const { endpoint, credentials } = fleetFiles(results);
  const coordinator = `file:${endpoint}`;
  return insecure
    ? { coordinator, insecure }
    : { coordinator, credentials: `${credentials}/submit` };
}

/**
 * Hands a sweep to the fleet's coordinator, as soon as there is one, and follows it to its end, from
 * one coordinator to the next.
 */
export async function followFleet(options: FollowOptions): Promise<SweepStatus__Output> {
  const { fleet, sweep, keeper, display, clock } = options;
  const connection = fleetConnection(fleet);
  let isSubmitted = false;
  let found: Promise<Hardware> | undefined;
  for (;;) {
    // Whoever comes late finds no coordinator any more, but what it wrote when it left.
    const ended = readOutcomes(fleet.results)?.find((outcome) => outcome.sweep === sweep);
    if (ended !== undefined) return ended;
    try {
      if (!isSubmitted) {
        await withCoordinator(connection, async (client) => {
          // The plan stays the same when it is submitted once more.
          await submit(options, client, async () => {
            found ??= awaitHardware(options, client);
            found.catch(() => {
              found = undefined;
            });
            return found;
          });
        });
        isSubmitted = true;
        keeper.startWorkers();
      }
      return await followSweep(connection, sweep, (status) => {
        keeper.progress(status);
        display.show(status);
      });
    } catch (error) {
      if (!isPassing(error)) throw error;
      // Whatever coordinator comes next has the sweep, or is given it again.
      isSubmitted = false;
      await sleep(clock, LOOK_AGAIN_MS);
    }
  }
}

/** What a coordinator says that ends, in the middle of a call or before it has an answer. */
const BROKEN: readonly (grpc.status | undefined)[] = [
  grpc.status.CANCELLED,
  grpc.status.UNKNOWN,
  grpc.status.INTERNAL,
  grpc.status.ABORTED,
];

/** There is no coordinator yet, or not any more, or the line to it broke. */
function isPassing(error: unknown): boolean {
  if (error instanceof CoordinatorAway || error instanceof EndpointMissing) return true;
  const { code } = ((error as Error).cause ?? error) as Partial<grpc.ServiceError>;
  return BROKEN.includes(code);
}

async function submit(
  { display, sweepPath }: FollowOptions,
  client: CoordinatorClient,
  hardware: () => Promise<Hardware>,
): Promise<void> {
  const { submitted } = await submitSweep(client, sweepPath, { hardware });
  for (const note of submitted.notes) display.note(note);
  if (submitted.cellsCached > 0) display.note(cachedText(submitted.cellsCached));
}

/**
 * What a fleet computes cells in float32 on. It is fixed with the plan, so where there are to be
 * GPUs, the first GPU task is waited for, and found to have a device or not.
 */
async function awaitHardware(
  { fleet, display, clock }: FollowOptions,
  client: CoordinatorClient,
): Promise<Hardware> {
  const cpuOnly: Hardware = { backends: [], hasCpu: true };
  if (fleet.gpuTasks === 0) return cpuOnly;
  display.note(
    "waiting for a GPU task: what its device computes in float32 is fixed with the plan",
  );
  let seen_ms: number | undefined;
  for (;;) {
    const { workers } = await call<GetStatusResponse__Output>((callback) =>
      client.GetStatus({}, callback),
    );
    const prefix = jobName(fleet, "gpu");
    const there = workers.filter(({ worker, connected }) => connected && worker.startsWith(prefix));
    const classes = there.flatMap(({ numericClasses }) => numericClasses);
    if (classes.some((name) => ![undefined, "wasm"].includes(backendOf(name)))) {
      return fleetHardware(client);
    }
    if (there.length > 0) seen_ms ??= clock.nowMs();
    if (seen_ms !== undefined && clock.nowMs() - seen_ms >= DEVICES_MS) {
      display.note(
        `no device of the GPU tasks works (${fleetFiles(fleet.results).logs} says why): they compute on their cores`,
      );
      return cpuOnly;
    }
    await sleep(clock, LOOK_AGAIN_MS);
  }
}
