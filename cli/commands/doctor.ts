import { availableParallelism } from "node:os";
import { systemClock } from "../../shared/clock.ts";
import type { Connection } from "../../shared/connection.ts";
import { EXIT_FAILURE } from "../../shared/errors.ts";
import { packageVersion } from "../../shared/package_info.ts";
import { CPU_ENGINES, numericClasses } from "../../worker/engine/engines.ts";
import type { BackendChoice } from "../backend_choice.ts";
import { type BackendProbe, PROCESS_BACKENDS, probeBackend } from "../devices.ts";
import { type Check, checksText, ok, problem } from "../doctor/check.ts";
import { coordinatorChecks, credentialsCheck } from "../doctor/coordinator_checks.ts";
import { machineChecks } from "../doctor/machine_checks.ts";
import { machineFacts } from "../doctor/machine_facts.ts";
import { folderCheck, portCheck } from "../doctor/place_checks.ts";
import type { HostAndPort } from "../http_options.ts";

/** Backends whose code has met only a stand-in for the library so far. */
const NEVER_RUN: readonly string[] = ["cuda", "node"];

export interface DoctorOptions extends Omit<Connection, "coordinator"> {
  /** Undefined: no coordinator is asked. */
  readonly coordinator?: string;
  readonly results: string;
  readonly listen: HostAndPort;
  readonly backend?: BackendChoice;
  readonly json?: boolean;
  /** Which of these somebody named: what does not work of them is a failure. */
  readonly named: ReadonlySet<"results" | "listen">;
  /** Environment variables that something reads. */
  readonly variables: readonly string[];
}

/**
 * Prints what this machine can run and why not the rest, and looks at what often is in the way.
 * Resolves with the exit code: a failure where something does not work that was asked for.
 */
export async function doctorCommand(options: DoctorOptions): Promise<number> {
  const { coordinator, credentials, named } = options;
  const probes = await Promise.all(PROCESS_BACKENDS.map(probeBackend));
  const checks: Check[] = [
    ...machineChecks(machineFacts(options.variables)),
    folderCheck("results", options.results, named.has("results")),
    ...(named.has("listen") || coordinator === undefined
      ? [await portCheck(options.listen, named.has("listen"))]
      : []),
    ...backendChecks(options.backend, probes),
    ...(credentials === undefined ? [] : [credentialsCheck(credentials, systemClock)]),
    ...(coordinator === undefined
      ? []
      : await coordinatorChecks({ ...options, coordinator }, systemClock)),
  ];
  const isSound = !checks.some(({ state, isAsked }) => state === "problem" && isAsked);
  const exitCode = isSound ? 0 : EXIT_FAILURE;
  const report = {
    phasesweep: packageVersion,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu_slots: availableParallelism(),
    numeric_classes: numericClasses(CPU_ENGINES),
    backends: probes.map(({ backend, about, detail }) => ({
      backend,
      usable: about !== undefined,
      detail,
      software: about?.isSoftware ?? null,
      numeric_classes: about?.numeric_classes ?? [],
      ever_run_on_the_real_library: !NEVER_RUN.includes(backend),
    })),
    checks: checks.map(({ check, state, found, fix, isAsked }) => ({
      ...{ check, state, found, fix: fix ?? null, asked: isAsked },
    })),
  };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : [
          `phasesweep ${report.phasesweep} on Node ${report.node}, ${report.platform}`,
          "",
          checksText(checks),
          "What computes here; the CPU is enough, and GPUs are used for float32 where they work:",
          `CPU     ready: ${report.cpu_slots} slots, classes ${report.numeric_classes.join(", ")}`,
          ...probes.map(backendText),
          "",
          nextStep(checks),
          "",
        ].join("\n"),
  );
  return exitCode;
}

/** What somebody who has read all this does now. */
function nextStep(checks: readonly Check[]): string {
  return checks.some(({ state }) => state === "problem")
    ? "PROBLEM: what its line names does not work; its fix says what mends it."
    : "This machine can run sweeps. `phasesweep init sweep.yaml` writes a first one, `phasesweep run sweep.yaml` computes it.";
}

/** The backend that somebody wants; the others are told of, and missing is nothing wrong. */
function backendChecks(
  wanted: BackendChoice | undefined,
  probes: readonly BackendProbe[],
): Check[] {
  const probe = probes.find(({ backend }) => backend === wanted);
  if (probe === undefined) return [];
  if (probe.about !== undefined) return [ok("backend", `${wanted}: ${probe.about.name}`, true)];
  const [found = "", fix = "see below"] = probe.detail.split(/\n\s*fix: /);
  return [problem("backend", `${wanted}: ${found}`, fix, true)];
}

function backendText({ backend, about, detail }: BackendProbe): string {
  const software = about?.isSoftware ? ", which computes on the CPU: `auto` passes it over" : "";
  const state =
    about === undefined
      ? `not usable: ${detail.replaceAll("\n", "\n        ")}`
      : `ready: ${about.name}${software}; classes ${about.numeric_classes.join(", ")}`;
  const untried = NEVER_RUN.includes(backend)
    ? "\n        this loader has never run on the real library"
    : "";
  return `${backend.padEnd(8)}${state}${untried}`;
}
