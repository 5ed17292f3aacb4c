import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { FailureError, messageOf } from "../../shared/errors.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { makeCredentials } from "../certificates/credentials_folder.ts";
import { type Fleet, fleetFiles, type JobRole } from "./fleet.ts";
import { jobScript } from "./job_script.ts";

const CREDENTIALS_DAYS = 365;

/** The id of the fleet that a folder has; undefined where it has none yet. */
export function fleetId(results: string): string | undefined {
  const path = fleetFiles(results).id;
  if (!existsSync(path)) return undefined;
  try {
    const { id } = JSON.parse(readFileSync(path, "utf8")) as { id: unknown };
    if (typeof id === "string" && /^[0-9a-f]{8}$/.test(id)) return id;
    throw new Error("it has no id");
  } catch (error) {
    throw new FailureError({
      place: path,
      problem: `it cannot be read: ${messageOf(error)}`,
      fix: "remove it once no job of this folder is left (squeue), or give another --results",
    });
  }
}

export function newFleetId(): string {
  return randomBytes(4).toString("hex");
}

/** Makes what jobs need of a folder: its id, their scripts, and credentials. @throws FailureError */
export function prepareFolder(fleet: Fleet, roles: readonly JobRole[], now_ms: number): void {
  const files = fleetFiles(fleet.results);
  try {
    for (const folder of [files.folder, files.logs]) mkdirSync(folder, { recursive: true });
    // Before the first job: whoever comes back finds the jobs by it.
    if (!existsSync(files.id)) writeFileSync(files.id, `${JSON.stringify({ id: fleet.id })}\n`);
    for (const role of roles) writeFileSync(files.script(role), jobScript(role, fleet));
  } catch (error) {
    throw new FailureError({
      place: fleet.results,
      problem: `the results folder cannot be written to: ${messageOf(error)}`,
      fix: "give a folder on a file system that this machine and all nodes share with --results",
    });
  }
  if (!fleet.insecure && !existsSync(files.credentials)) {
    makeCredentials(files.credentials, CREDENTIALS_DAYS, now_ms);
    chmodSync(files.credentials, 0o700);
  }
}

/** Forgets where a coordinator was, and how sweeps ended, before another coordinator is started. */
export function forgetEnd(results: string): void {
  const { endpoint, done } = fleetFiles(results);
  for (const path of [endpoint, done]) rmSync(path, { force: true });
}

/** How a sweep ended, as the coordinator wrote it (until_done.ts). */
interface Outcome extends SweepStatus__Output {
  readonly planDigest: string;
}

/**
 * How the sweeps of a folder ended, in the names of the wire, which release 0.2.0 wrote there too;
 * undefined while they have not.
 */
export function readOutcomes(results: string): Outcome[] | undefined {
  let text: string;
  try {
    text = readFileSync(fleetFiles(results).done, "utf8");
  } catch {
    return undefined;
  }
  const { sweeps } = JSON.parse(text) as { sweeps: readonly object[] };
  return sweeps.map((sweep) => onWire(sweep) as unknown as Outcome);
}

/** { cells_done } → { cellsDone } */
function onWire(sweep: object): Record<string, unknown> {
  const named = (name: string) =>
    name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(sweep).map(([name, value]) => [named(name), value]));
}
