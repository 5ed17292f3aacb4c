import { nearest } from "../../shared/errors.ts";
import { type Check, ok, problem, warning } from "./check.ts";

/** What a machine has, as its operating system tells it. */
export interface MachineFacts {
  readonly node: string;
  readonly node_wanted: string;
  readonly cores: number;
  /** Cores that a container may use, as a share of time; undefined without a limit. */
  readonly cores_allowed: number | undefined;
  readonly memory_free_bytes: number;
  /** Memory that a container may use; undefined without a limit. */
  readonly memory_allowed_bytes: number | undefined;
  readonly isTty: boolean;
  readonly columns: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Variables that some command reads. */
  readonly variables: readonly string[];
}

const GIB = 1024 ** 3;
/** What a coordinator and its workers take, and each slot besides. */
const MEMORY_BASE_BYTES = 0.5 * GIB;
const MEMORY_SLOT_BYTES = 0.1 * GIB;
const COLUMNS_MIN = 80;

/** Checks of what needs no waiting. */
export function machineChecks(facts: MachineFacts): Check[] {
  return [
    nodeCheck(facts),
    coresCheck(facts),
    memoryCheck(facts),
    terminalCheck(facts),
    ...unknownVariables(facts.env, facts.variables).map(({ name, guess }) =>
      warning(
        "environment",
        `nothing reads ${name}`,
        guess === undefined ? `unset ${name}` : `set ${guess} in its place`,
      ),
    ),
  ];
}

function nodeCheck({ node, node_wanted }: MachineFacts): Check {
  const found = `Node ${node}`;
  const wanted = node_wanted.replace(/^>=/, "");
  return isOlder(node.replace(/^v/, ""), wanted)
    ? problem("Node.js", found, `install Node ${wanted} or newer`, true)
    : ok("Node.js", found);
}

function isOlder(version: string, than: string): boolean {
  const parts = (text: string) => text.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const [mine, theirs] = [parts(version), parts(than)];
  const at = [0, 1, 2].find((i) => (mine[i] ?? 0) !== (theirs[i] ?? 0));
  return at !== undefined && (mine[at] ?? 0) < (theirs[at] ?? 0);
}

function coresCheck({ cores, cores_allowed }: MachineFacts): Check {
  if (cores_allowed === undefined || cores_allowed >= cores) return ok("cores", `${cores} slots`);
  const some = Math.max(1, Math.floor(cores_allowed));
  return warning(
    "cores",
    `${cores} slots, of which this container may use ${cores_allowed.toFixed(1)}`,
    `give --slots ${some}, or more CPU to the container`,
  );
}

function memoryCheck({ memory_free_bytes, memory_allowed_bytes, cores }: MachineFacts): Check {
  const usable = Math.min(memory_free_bytes, memory_allowed_bytes ?? Number.POSITIVE_INFINITY);
  const limit =
    memory_allowed_bytes === undefined ? "" : `, ${gib(memory_allowed_bytes)} allowed here`;
  const found = `${gib(memory_free_bytes)} free${limit}`;
  return usable < MEMORY_BASE_BYTES + cores * MEMORY_SLOT_BYTES
    ? warning("memory", found, "end other programs, or give fewer --slots")
    : ok("memory", found);
}

function terminalCheck({ isTty, columns, env }: MachineFacts): Check {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "none";
  if (!isTty) return ok("terminal", "none: progress is printed in lines");
  const found = `${columns ?? "?"} columns, TERM ${env["TERM"] ?? "none"}, locale ${locale}`;
  if (!/utf-?8/i.test(locale)) {
    return warning("terminal", found, "where η or bars look wrong: export LC_ALL=C.UTF-8");
  }
  return (columns ?? COLUMNS_MIN) < COLUMNS_MIN
    ? warning("terminal", found, `tables are ${COLUMNS_MIN} columns wide and more`)
    : ok("terminal", found);
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}

const PREFIX = "PHASESWEEP_";

/** Variables that look like ours and are not, with the one that may be meant. */
export function unknownVariables(
  env: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): { readonly name: string; readonly guess: string | undefined }[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .toSorted()
    .map((name) => {
      const suffixes = known.map((each) => each.slice(PREFIX.length));
      const guess = nearest(name.slice(PREFIX.length), suffixes);
      return { name, guess: guess === undefined ? undefined : `${PREFIX}${guess}` };
    });
}
