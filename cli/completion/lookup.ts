import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { RESULTS_FILE } from "../../coordinator/results/merge.ts";
import type { Clock } from "../../shared/clock.ts";
import { coordinatorAddresses } from "../../shared/connection.ts";
import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import { SWEEP_NAME } from "../../shared/plan.ts";
import { call, connectCoordinator } from "../../shared/rpc.ts";
import { ADDRESS_DEFAULT } from "../options.ts";
import type { Lookup, ValueKind } from "./complete.ts";

/** Nobody waits longer for the names of sweeps after a press of Tab. */
const NAMES_MS = 800;
const CANDIDATES_MAX = 1_000;

/** Looks values up in the folder that one is in, and at the coordinator that the line names. */
export function machineLookup(
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Lookup {
  return async (kind, typed, options) => {
    if (kind !== "sweep_name") return paths(kind, typed);
    const coordinator =
      options.get("--coordinator") ?? env["PHASESWEEP_COORDINATOR"] ?? ADDRESS_DEFAULT;
    const credentials = options.get("--credentials") ?? env["PHASESWEEP_CREDENTIALS"];
    const connection = {
      coordinator,
      ...(credentials === undefined ? {} : { credentials }),
      insecure: options.has("--insecure"),
    };
    const deadline = new Date(clock.wallMs() + NAMES_MS);
    const [address] = coordinatorAddresses(connection);
    const client = connectCoordinator(address!, connection);
    try {
      const { sweeps } = await call<GetStatusResponse__Output>((callback) =>
        client.GetStatus({}, { deadline }, callback),
      );
      // They go into a shell, so nothing else may be in them.
      return sweeps.map(({ sweep }) => sweep).filter((name) => SWEEP_NAME.test(name));
    } finally {
      client.close();
    }
  };
}

/** Paths that begin with what was typed; folders end with a slash. */
function paths(kind: Exclude<ValueKind, "sweep_name">, typed: string): string[] {
  const folder = typed.endsWith("/") ? typed : dirname(typed);
  const shown = typed.endsWith("/")
    ? typed
    : folder === "." && !typed.startsWith("./")
      ? ""
      : `${folder === "/" ? "" : folder}/`;
  const found = entriesOf(folder === "" ? "." : folder)
    .map(({ name, isFolder }) => ({ path: `${shown}${name}`, isFolder }))
    .filter(({ path, isFolder }) => path.startsWith(typed) && fits(kind, path, isFolder))
    .map(({ path, isFolder }) => (isFolder && !isResults(kind, path) ? `${path}/` : path));
  return found.slice(0, CANDIDATES_MAX);
}

function fits(kind: ValueKind, path: string, isFolder: boolean): boolean {
  if (isFolder) return true;
  switch (kind) {
    case "sweep_file":
      return /\.ya?ml$/i.test(path);
    case "json_file":
      return /\.json$/i.test(path);
    default:
      return kind === "file";
  }
}

function isResults(kind: ValueKind, path: string): boolean {
  return kind === "results_folder" && existsSync(join(path, RESULTS_FILE));
}

/** What is in a folder, without what is hidden and what a line of text cannot hold. */
function entriesOf(folder: string): { readonly name: string; readonly isFolder: boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith(".") && !/\p{Cc}/u.test(name))
      .map((entry) => ({
        name: entry.name,
        isFolder:
          entry.isDirectory() ||
          (entry.isSymbolicLink() &&
            statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() === true),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
