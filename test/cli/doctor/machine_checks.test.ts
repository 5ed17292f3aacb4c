import { expect, test } from "vitest";
import { checksText } from "../../../cli/doctor/check.ts";
import { answerChecks } from "../../../cli/doctor/coordinator_checks.ts";
import {
  type MachineFacts,
  machineChecks,
  unknownVariables,
} from "../../../cli/doctor/machine_checks.ts";
import { environmentVariables } from "../../../cli/environment_variables.ts";
import { buildProgram } from "../../../cli/program.ts";
import type { GetStatusResponse__Output } from "../../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import { KERNEL_VERSION } from "../../../shared/kernel_version.ts";
import { PROTOCOL } from "../../../shared/protocol.ts";

const GIB = 1024 ** 3;
const SOUND: MachineFacts = {
  ...{ node: "v20.19.0", node_wanted: ">=20.19", cores: 4, cores_allowed: undefined },
  ...{ memory_free_bytes: 8 * GIB, memory_allowed_bytes: undefined },
  ...{ isTty: true, columns: 120, env: { LANG: "C.UTF-8", TERM: "xterm" }, variables: [] },
};

/** The checks that are not ok of a machine that differs so from a sound one. */
function wrong(differs: Partial<MachineFacts>): string[] {
  return machineChecks({ ...SOUND, ...differs })
    .filter(({ state }) => state !== "ok")
    .map(({ check, state, fix }) => `${state} ${check}: ${fix}`);
}

test("a sound machine is, and each lack is told with what mends it", () => {
  expect(wrong({})).toEqual([]);
  expect(wrong({ node: "v20.9.1" })).toEqual(["problem Node.js: install Node 20.19 or newer"]);
  expect(wrong({ node: "v24.0.0" })).toEqual([]);
  expect(wrong({ cores_allowed: 1.5 })[0]).toContain("give --slots 1");
  expect(wrong({ cores_allowed: 4 })).toEqual([]);
  expect(wrong({ memory_allowed_bytes: 0.5 * GIB })[0]).toContain("warning memory");
  expect(wrong({ memory_free_bytes: 0.5 * GIB })[0]).toContain("warning memory");
  expect(wrong({ env: { LANG: "C" } })[0]).toContain("C.UTF-8");
  expect(wrong({ env: {}, isTty: false })).toEqual([]);
  expect(wrong({ columns: 40 })[0]).toContain("warning terminal");
});

test("a variable that nothing reads is named with the one that is meant", () => {
  const known = environmentVariables(buildProgram());
  expect(known).toContain("PHASESWEEP_COORDINATOR");
  expect(known).toContain("PHASESWEEP_PROGRESS");
  const env = { PHASESWEEP_COORDINATR: "a", PHASESWEEP_UID: "1", PHASESWEEP_DEBUG: "1", HOME: "/" };
  expect(unknownVariables(env, known)).toEqual([
    { name: "PHASESWEEP_COORDINATR", guess: "PHASESWEEP_COORDINATOR" },
    { name: "PHASESWEEP_UID", guess: undefined },
  ]);
});

test("the answer of a coordinator shows clocks, releases and kernels that differ", () => {
  const worker = (kernelVersions: number[]) => ({ connected: true, slots: 2, kernelVersions });
  const states = (
    differs: object,
    ahead_ms: number | undefined = 300,
    workers = [worker([KERNEL_VERSION])],
  ) => {
    const status = { version: "9.0.0", protocol: PROTOCOL, sweeps: [], workers, ...differs };
    const answer = { status: status as unknown as GetStatusResponse__Output, ahead_ms };
    return answerChecks("node1:7070", answer).map(({ check, state }) => `${check} ${state}`);
  };
  expect(states({})).toEqual(["coordinator ok", "clock ok", "workers ok"]);
  expect(states({ protocol: { min: 98, max: 99 } })[0]).toBe("coordinator problem");
  expect(states({}, -120_000)[1]).toBe("clock warning");
  expect(states({}, 300, [])[2]).toBe("workers warning");
  expect(states({}, 300, [worker([KERNEL_VERSION]), worker([98])])[2]).toBe("workers warning");
});

test("lines align, and the fix stands below", () => {
  const text = checksText([
    { check: "a", state: "ok", found: "fine", isAsked: false },
    { check: "longer", state: "problem", found: "broken", fix: "mend it", isAsked: true },
  ]);
  expect(text).toBe(
    "ok       a       fine\nPROBLEM  longer  broken\n                 fix: mend it\n",
  );
});
