import { expect, test } from "vitest";
import {
  type ArrivedPart,
  type Effect,
  type Event,
  NOTHING_BEFORE,
  type UntimedEvent,
} from "../../../coordinator/state/events.ts";
import { checkInvariants } from "../../../coordinator/state/invariants.ts";
import { initialState, type State } from "../../../coordinator/state/state.ts";
import { step } from "../../../coordinator/state/step.ts";
import { size } from "../../../shared/ranges.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { RELEASE } from "../../release.ts";
import { RULES } from "./rules_fixture.ts";

const CELLS = 40;

/** A scheduler with two sweeps of CELLS cells. */
function harness(): { state: State; send: (event: UntimedEvent) => Effect[] } {
  const state = initialState(RULES);
  const send = (event: UntimedEvent) => step(state, { ...event, now_ms: 0 } as Event).effects;
  for (const sweep of ["a", "b"]) {
    const plan = buildPlan(
      parseSweep(
        `{name: ${sweep}, dataset: example3, loss: logistic, learning_rate: [1, 2],
          seeds: ${CELLS / 2}, model: {hidden_layers: 1, width: 10}}`,
        "s.yaml",
      ),
    );
    send({ type: "sweep_submitted", sweep, plan, before: NOTHING_BEFORE });
  }
  return { state, send };
}

function join(
  worker: string,
  held: { lease: string; sweep: string; range: ArrivedPart["range"] }[],
) {
  const numeric_classes = ["float64-exact"];
  return {
    type: "worker_registered",
    worker,
    host: "h",
    slots: 1,
    numeric_classes,
    ...RELEASE,
    held,
  } as const;
}

/** Cells of a sweep that the scheduler still knows of. */
function known(state: State, id: string): number {
  const { fresh, returned, storing, done } = state.sweeps.get(id)!;
  const leased = [...state.leases.values()].filter(({ sweep }) => sweep === id);
  return (
    size(fresh) +
    size(storing) +
    size(done) +
    size(returned.map(({ range }) => range)) +
    size(leased.map(({ range }) => range))
  );
}

test("a part that names a lease on another sweep does not settle that", () => {
  const { state, send } = harness();
  const [lease] = send(join("honest", [])).filter(({ type }) => type === "send_lease");
  if (lease?.type !== "send_lease") throw new Error("no lease was granted");
  expect(lease.sweep).toBe("a");
  const part = { id: 1, worker: "liar", lease: lease.lease, sweep: "b", range: lease.range };
  send({ type: "part_arrived", part: { ...part, phases: [], compute_ms: 1 } });
  expect(known(state, "a")).toBe(CELLS);
  checkInvariants(state, 0);
});

test("a lease that a worker made up is not lost when its name is granted", () => {
  const { state, send } = harness();
  const held = { lease: "1-2", sweep: "a", range: { first: 20, end: 40 } };
  send(join("liar", [held]));
  send(join("honest", []));
  expect(known(state, "a")).toBe(CELLS);
  checkInvariants(state, 0);
});
