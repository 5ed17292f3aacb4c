import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** So many at the same time in this process, each with one thread: others are to have the rest. */
const INSTANCES_MAX = 2;
const MEMORY = "400MB";

let open = 0;
const waiting: (() => void)[] = [];

/** A DuckDB of one's own, when it is one's turn. Who has one is not to ask for another. */
export async function withDuckDb<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  if (open === INSTANCES_MAX) await new Promise<void>((resolve) => waiting.push(resolve));
  else open++;
  try {
    return await withInstance(use);
  } finally {
    // Whoever waits takes the place over.
    const next = waiting.shift();
    if (next === undefined) open--;
    else next();
  }
}

async function withInstance<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: MEMORY,
    enable_external_file_cache: "false",
  });
  const connection = await instance.connect();
  try {
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
