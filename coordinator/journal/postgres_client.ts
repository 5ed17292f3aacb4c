import pg from "pg";
import { FailureError, messageOf, UsageError } from "../../shared/errors.ts";

/** Where a journal is: a database, and a schema in it, so that fleets can share a database. */
export interface JournalPlace {
  readonly url: string;
  readonly schema: string;
  /** What people are told: without the password. */
  readonly name: string;
}

const SCHEMA_DEFAULT = "phasesweep";
/** A database that does not answer so long is not there. */
const CONNECT_MS = 5_000;

/** `postgres://USER@HOST:PORT/DATABASE?schema=NAME`, as libpq and psql know it. @throws UsageError */
export function journalPlace(text: string): JournalPlace {
  const place = "--journal";
  const fix =
    "give postgres://USER@HOST:PORT/DATABASE; the password comes from PGPASSWORD or PGPASSFILE";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The text is not shown: it may have a password in it.
    throw new UsageError({ place, problem: "it is not the URL of a database", fix });
  }
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw new UsageError({ place, problem: `${url.protocol} is no PostgreSQL database`, fix });
  }
  const schema = url.searchParams.get("schema") ?? SCHEMA_DEFAULT;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    const problem = `schema '${schema}' is not of lower-case letters, digits and underscores`;
    throw new UsageError({ place, problem, fix: "give another schema" });
  }
  url.searchParams.delete("schema");
  const shown = new URL(url);
  shown.password = "";
  shown.search = "";
  return { url: url.toString(), schema, name: `${shown.toString()} (schema ${schema})` };
}

/** @throws UsageError if there is a password in it: a command line can be read by everybody */
export function refusePassword(url: string): void {
  if (!URL.canParse(url) || new URL(url).password === "") return;
  throw new UsageError({
    place: "--journal",
    problem: "there is a password in it, and everybody on this machine can read command lines",
    fix: "leave it out, and give it in PGPASSWORD or PGPASSFILE, or the whole URL in PHASESWEEP_JOURNAL",
  });
}

/**
 * A connection whose sessions end with their process or soon after: the server closes one that is
 * idle within a transaction for longer than `lease_ms`, so that nobody holds a lock and stands still.
 * @throws FailureError if the database cannot be reached
 */
export async function connect(place: JournalPlace, lease_ms: number): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: place.url,
    application_name: "phasesweep",
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
  });
  // A connection that ends between two queries is noticed with the next one.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(`SET idle_in_transaction_session_timeout = ${Math.ceil(lease_ms)}`);
    await client.query(`SET search_path = ${place.schema}`);
    await client.query("SET synchronous_commit = on");
    return client;
  } catch (error) {
    destroy(client);
    throw new FailureError({
      place: place.name,
      problem: `the journal cannot be reached: ${messageOf(error)}`,
      fix: "see that the database runs, that --journal names it, and that PGPASSWORD or PGPASSFILE has the password",
    });
  }
}

/** Ends a connection at once: whatever waits for it fails. */
export function destroy(client: pg.Client): void {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } })
    .connection;
  stream.destroy();
}

/** Whether the server says so itself, and goes on: the statement changed nothing. */
export function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  // Classes 57P (the server ends the session) and 08, 25P03 end the connection.
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !/^(57P|08|25P03)/.test(code);
}
