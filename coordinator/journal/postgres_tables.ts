import type pg from "pg";
import { FailureError } from "../../shared/errors.ts";
import { connect, type JournalPlace } from "./postgres_client.ts";

/** Raised when the tables change; an older or newer journal is refused, never guessed at. */
const JOURNAL_FORMAT = 1;

/** Several coordinators may start at once on an empty database; any number that nobody else locks. */
const TABLES_LOCK = 7_070_001;

/** Making the tables takes less. */
const PREPARE_MS = 30_000;

const TABLES = `
  CREATE TABLE IF NOT EXISTS meta (key text PRIMARY KEY, value bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS leadership (
    epoch bigint PRIMARY KEY, holder text NOT NULL, address text NOT NULL,
    expires_at timestamptz NOT NULL);
  INSERT INTO leadership SELECT 0, '', '', '-infinity' WHERE NOT EXISTS (SELECT FROM leadership);
  CREATE TABLE IF NOT EXISTS sweeps (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sweep text NOT NULL UNIQUE,
    plan_json text NOT NULL, work_json text, plan_digest text NOT NULL,
    submitted_ms double precision NOT NULL, control text NOT NULL DEFAULT 'running',
    priority integer NOT NULL, merged_json text);
  CREATE TABLE IF NOT EXISTS part_files (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, file text NOT NULL UNIQUE,
    sweep text NOT NULL, first_cell bigint NOT NULL, end_cell bigint NOT NULL,
    commits_json text NOT NULL);
  CREATE INDEX IF NOT EXISTS part_files_by_cell ON part_files (sweep, first_cell, end_cell);
  CREATE INDEX IF NOT EXISTS part_files_by_age ON part_files (sweep, id);
  CREATE TABLE IF NOT EXISTS snapshots (
    sweep text PRIMARY KEY, last_id bigint NOT NULL, progress_json text NOT NULL);
  CREATE TABLE IF NOT EXISTS mismatches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sweep text NOT NULL,
    record_json text NOT NULL);
`;

/** Makes schema and tables where there are none. @throws FailureError on those of another version */
export async function prepareJournal(place: JournalPlace): Promise<void> {
  const client = await connect(place, PREPARE_MS);
  try {
    await prepareTables(client, place);
  } finally {
    await client.end();
  }
}

async function prepareTables(client: pg.Client, place: JournalPlace): Promise<void> {
  await client.query("BEGIN");
  await client.query("SELECT pg_advisory_xact_lock($1)", [TABLES_LOCK]);
  // Whoever made the schema may have kept the right to make schemas from us.
  const there = await client.query("SELECT FROM pg_namespace WHERE nspname = $1", [place.schema]);
  if (there.rowCount === 0) await client.query(`CREATE SCHEMA ${place.schema}`);
  await client.query(TABLES);
  const { rows } = await client.query<{ value: number }>(
    `INSERT INTO meta VALUES ('format', $1)
     ON CONFLICT (key) DO UPDATE SET value = meta.value RETURNING value::float8`,
    [JOURNAL_FORMAT],
  );
  await client.query("COMMIT");
  const format = rows[0]!.value;
  if (format === JOURNAL_FORMAT) return;
  throw new FailureError({
    place: place.name,
    problem: `the journal has format ${format}; this phasesweep reads ${JOURNAL_FORMAT}`,
    fix: "use the phasesweep version that wrote it, or give another schema: ?schema=NAME",
  });
}
