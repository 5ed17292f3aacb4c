import { hostname } from "node:os";
import { writeDurably } from "../../coordinator/results/durable_file.ts";
import { FailureError, messageOf } from "../../shared/errors.ts";

/** What a server listens on that is reached at every address of its machine. */
export const ANY_ADDRESS = ["0.0.0.0", "::", "[::]"];

/** The address under which others reach a coordinator that listens on `bound`. */
export function advertised(
  bound: { readonly host: string; readonly port: number },
  wanted: { readonly host: string; readonly port: number } | undefined,
): string {
  const host = ANY_ADDRESS.includes(bound.host) ? hostname() : bound.host;
  return wanted === undefined ? `${host}:${bound.port}` : `${wanted.host}:${wanted.port}`;
}

/** Says in a file where the active coordinator is (`--coordinator file:PATH`). @throws FailureError */
export async function writeEndpoint(path: string, address: string): Promise<void> {
  try {
    await writeDurably(path, Buffer.from(`${address}\n`));
  } catch (error) {
    throw new FailureError({
      place: path,
      problem: `the address cannot be written there: ${messageOf(error)}`,
      fix: "give a file in a folder that can be written to with --endpoint-file",
    });
  }
}
