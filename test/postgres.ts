import { spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free_port.ts";

const VERSIONS = "/usr/lib/postgresql";

/** The programs of the newest PostgreSQL that Debian's packages installed, or those on the path. */
function programs(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).map(Number) : [];
  const folders = versions.sort((a, b) => b - a).map((version) => join(VERSIONS, `${version}/bin`));
  const places = [...folders, ...(process.env.PATH ?? "").split(":")];
  return places.find((folder) => existsSync(join(folder, "initdb")));
}

/** A PostgreSQL server of its own in a temporary folder, on loopback, as a user that is not root. */
export class PostgresServer {
  readonly port: number;
  private readonly folder: string;
  private readonly bin: string;

  /** Why there can be none here, or undefined. */
  static problem(): string | undefined {
    if (programs() === undefined) {
      return "PostgreSQL is not installed: apt-get install postgresql-15";
    }
    if (process.getuid?.() === 0 && userId() === undefined) {
      return "PostgreSQL does not run as root, and there is no user 'postgres'";
    }
    return undefined;
  }

  private constructor(port: number) {
    this.port = port;
    this.bin = programs()!;
    this.folder = mkdtempSync(join(tmpdir(), "phasesweep-postgres-"));
    const user = userId();
    if (user !== undefined) chownSync(this.folder, user.uid, user.gid);
  }

  static async start(): Promise<PostgresServer> {
    const server = new PostgresServer(await freePort());
    const log = server.run("initdb", "-D", server.data, "-U", "postgres", "-A", "trust", "-N");
    if (log.status !== 0) throw new Error(`initdb: ${log.stderr}`);
    server.startAgain();
    return server;
  }

  /** Starts it after stop() or kill(). */
  startAgain(): void {
    const options = [
      ...["-c", "listen_addresses=127.0.0.1", "-c", `port=${this.port}`],
      ...["-c", `unix_socket_directories=${this.folder}`, "-c", "shared_buffers=32MB"],
    ];
    const started = this.run(
      ...["pg_ctl", "-D", this.data, "-l", join(this.folder, "log"), "-w", "-t", "60"],
      ...["-o", options.join(" "), "start"],
    );
    if (started.status !== 0) throw new Error(`pg_ctl: ${started.stdout} ${started.stderr}`);
  }

  /** Ends all connections and stops. */
  stop(): void {
    this.run("pg_ctl", "-D", this.data, "-w", "-m", "fast", "stop");
  }

  /** Ends it as a power cut would. */
  kill(): void {
    this.run("pg_ctl", "-D", this.data, "-w", "-m", "immediate", "stop");
  }

  /** The journal of a fleet in a schema of its own. */
  url(schema: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres?schema=${schema}`;
  }

  /** What psql prints. */
  query(sql: string): string {
    const args = ["-h", "127.0.0.1", "-p", String(this.port), "-U", "postgres", "-AtX", "-c", sql];
    const { status, stdout, stderr } = this.run("psql", ...args);
    if (status !== 0) throw new Error(`psql: ${stderr}`);
    return stdout.trim();
  }

  /** What pg_dump writes of a schema. */
  dump(schema: string): string {
    const args = ["-h", "127.0.0.1", "-p", String(this.port), "-U", "postgres", "-n", schema];
    const { status, stdout, stderr } = this.run("pg_dump", ...args, "postgres");
    if (status !== 0) throw new Error(`pg_dump: ${stderr}`);
    return stdout;
  }

  /** Makes a database of what pg_dump wrote, and returns its journal's URL. */
  restore(dump: string, database: string, schema: string): string {
    this.query(`CREATE DATABASE ${database}`);
    const file = join(this.folder, `${database}.sql`);
    writeFileSync(file, dump);
    const where = ["-h", "127.0.0.1", "-p", String(this.port), "-U", "postgres", "-d", database];
    const args = ["-qX", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", file];
    const { status, stderr } = this.run("psql", ...where, ...args);
    if (status !== 0) throw new Error(`psql: ${stderr}`);
    return `postgres://postgres@127.0.0.1:${this.port}/${database}?schema=${schema}`;
  }

  remove(): void {
    this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get data(): string {
    return join(this.folder, "data");
  }

  private run(program: string, ...args: string[]) {
    const user = userId();
    // Output goes to files of pg_ctl: a server that it starts would hold a pipe open.
    const stdio = program === "pg_ctl" ? "ignore" : "pipe";
    const { status, stdout, stderr } = spawnSync(join(this.bin, program), args, {
      ...user,
      cwd: this.folder,
      encoding: "utf8",
      stdio,
      env: { PATH: process.env.PATH, HOME: this.folder, LC_ALL: "C.UTF-8" },
    });
    return { status, stdout: stdout ?? "", stderr: stderr ?? "" };
  }
}

/** The user that runs the server, where this process is root. */
function userId(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((text) => text.startsWith("postgres:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}
