import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** A DuckDB that leaves the machine to others. */
export async function withDuckDb<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: "400MB",
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
