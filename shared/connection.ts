import { readFileSync } from "node:fs";
import { FailureError, messageOf, UsageError } from "./errors.ts";
import { COORDINATORS_MAX } from "./limits.ts";

/** How a coordinator is reached, as the options of the command line hold it. */
export interface Connection {
  /** `HOST:PORT`, several with commas, or `file:PATH` of a file that holds such a list. */
  readonly coordinator: string;
  /** A folder of `phasesweep certs`: TLS with the certificates in it, and its token. */
  readonly credentials?: string;
  /** Without TLS also beyond this machine. */
  readonly insecure?: boolean;
}

/** The arguments that give a process of phasesweep the same connection. Nothing secret is in them. */
export function connectionArgs({ coordinator, credentials, insecure }: Connection): string[] {
  return [
    ...["--coordinator", coordinator],
    ...(credentials === undefined ? [] : ["--credentials", credentials]),
    ...(insecure === true ? ["--insecure"] : []),
  ];
}

const FILE = "file:";

/** The file that says where the coordinator is cannot be read; it may come yet. */
export class EndpointMissing extends FailureError {}

/** Whether the coordinator may be found elsewhere after it was lost. */
export function mayMove({ coordinator }: Connection): boolean {
  return coordinator.startsWith(FILE) || coordinator.includes(",");
}

/**
 * The addresses at which the coordinator may be. A file is read each time, as it is written anew
 * by every coordinator that becomes the active one. @throws UsageError on what is no address,
 * FailureError if the file cannot be read (it may come yet)
 */
export function coordinatorAddresses({ coordinator }: Connection): string[] {
  const text = coordinator.startsWith(FILE)
    ? readAddresses(coordinator.slice(FILE.length))
    : coordinator;
  const addresses = text
    .split(/[\s,]+/)
    .filter((address) => address !== "")
    .slice(0, COORDINATORS_MAX + 1);
  const bad = addresses.find((address) => !/^[^\s,/]+:\d{1,5}$/.test(address));
  const problem =
    bad !== undefined
      ? `'${bad}' is not HOST:PORT`
      : addresses.length === 0
        ? "no address is there"
        : addresses.length > COORDINATORS_MAX
          ? `more than ${COORDINATORS_MAX} addresses (COORDINATORS_MAX)`
          : undefined;
  if (problem === undefined) return addresses;
  const fix = "give HOST:PORT, for example node1:7070, several with commas, or file:PATH";
  throw new UsageError({ place: `--coordinator ${coordinator}`, problem, fix });
}

function readAddresses(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new EndpointMissing({
      place: path,
      problem: `the file with the coordinator's address cannot be read: ${messageOf(error)}`,
      fix: "a coordinator that is started with --endpoint-file writes it",
    });
  }
}
