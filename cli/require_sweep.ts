import { FailureError, nearest } from "../shared/errors.ts";
import type { CoordinatorClient } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { GetStatusResponse__Output } from "../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import { call } from "../shared/rpc.ts";

/** Sweeps named in an error. */
const NAMES_SHOWN = 8;

/** @throws FailureError where the coordinator has no sweep of that name, with the name that was meant */
export async function requireSweep(client: CoordinatorClient, sweep: string): Promise<void> {
  const { sweeps } = await call<GetStatusResponse__Output>((callback) =>
    client.GetStatus({}, callback),
  );
  const names = sweeps.map(({ sweep: name }) => name);
  if (names.includes(sweep)) return;
  const guess = nearest(sweep, names);
  const list = names.slice(0, NAMES_SHOWN).join(", ");
  throw new FailureError({
    place: `sweep ${sweep}`,
    problem: "there is no such sweep here",
    fix:
      guess !== undefined
        ? `write ${guess}`
        : names.length === 0
          ? "submit one with `phasesweep submit SWEEP.yaml`"
          : `\`phasesweep status\` lists those that are: ${list}${names.length > NAMES_SHOWN ? ", …" : ""}`,
  });
}
