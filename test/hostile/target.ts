import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import { expect } from "vitest";
import { addHolder, makeCredentials } from "../../cli/certificates/credentials_folder.ts";
import { packageRoot } from "../../shared/package_info.ts";
import type { Identity } from "../../shared/security/credentials.ts";
import { formatTokens, parseTokens } from "../../shared/security/token_book.ts";
import { Cli, temporaryFolder } from "../e2e/cli.ts";
import { answerTo, disguised, encoded } from "./raw.ts";

const DAY_MS = 86_400_000;

/** A coordinator with credentials, some of which are not good, and the table of what others got of it. */
export class Target {
  readonly folder = temporaryFolder();
  readonly credentials = join(this.folder, "credentials");
  readonly results = join(this.folder, "fleet");
  readonly coordinator: Cli;
  address = "";
  /** Of the HTTP port. */
  http = "";
  private readonly clients: grpc.Client[] = [];
  /** Rows of docs/hostile.md, each an input and what it got. */
  private readonly rows: string[] = [];

  private constructor() {
    const now_ms = Date.now();
    const { credentials } = this;
    makeCredentials(credentials, 30, now_ms);
    addHolder(credentials, { name: "expired", role: "work" }, 1, now_ms - 2 * DAY_MS);
    addHolder(credentials, { name: "early", role: "work" }, 30, now_ms + 2 * DAY_MS);
    addHolder(credentials, { name: "revoked", role: "work" }, 30, now_ms);
    addHolder(credentials, { name: "other-key", role: "work" }, 30, now_ms);
    addHolder(credentials, { name: "stale", role: "work" }, 30, now_ms);
    addHolder(credentials, { name: "watcher", role: "read" }, 30, now_ms);
    const book = join(credentials, "coordinator", "tokens.json");
    const expires = new Date(now_ms - DAY_MS).toISOString();
    const stale = parseTokens(readFileSync(book, "utf8")).map((entry) =>
      entry.name === "stale" ? { ...entry, expires } : entry,
    );
    writeFileSync(book, formatTokens(stale));
    makeCredentials(join(this.folder, "other"), 30, now_ms);
    const times = ["--shard-seconds", "0.2", "--lease-seconds", "2"];
    const listen = ["--listen", "127.0.0.1:0", "--credentials", join(credentials, "coordinator")];
    const http = ["--http", "127.0.0.1:0"];
    this.coordinator = new Cli("serve", ...listen, ...http, "--results", this.results, ...times);
  }

  static async start(): Promise<Target> {
    const target = new Target();
    [, target.address = ""] = await target.coordinator.says(/listens on (\S+),/);
    [, target.http = ""] = await target.coordinator.says(/dashboard at https:\/\/(\S+)\//);
    return target;
  }

  async close(): Promise<void> {
    for (const made of this.clients) made.close();
    await this.coordinator.killGroup();
  }

  identity(holder: string): Identity {
    const file = (name: string) => readFileSync(join(this.credentials, holder, name));
    return { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") };
  }

  bearer(holder: string): string {
    return `Bearer ${readFileSync(join(this.credentials, holder, "token"), "utf8").trim()}`;
  }

  client(who: Partial<Identity>, authorization?: string): grpc.Client {
    const shown = authorization === undefined ? {} : { authorization };
    const made = disguised(this.address, { identity: who, ...shown });
    this.clients.push(made);
    return made;
  }

  /** A client with the credentials of a holder. */
  as(holder: string): grpc.Client {
    return this.client(this.identity(holder), this.bearer(holder));
  }

  status(made: grpc.Client): Promise<string> {
    return answerTo(made, "GetStatus", encoded("GetStatus", {}));
  }

  heading(title: string): void {
    this.rows.push("", `## ${title}`, "", "| input | what it got |", "| --- | --- |");
  }

  row(input: string, got: string): void {
    const plain = got
      .replaceAll(this.address, "HOST:PORT")
      .replaceAll(this.folder, "DIR")
      .replace(/[0-9a-f]{64}/g, "SHA256")
      .replace(/\w{3} +\d+ \d\d:\d\d:\d\d \d{4} GMT|\d{4}-\d\d-\d\dT[\d:.]+Z/g, "DATE")
      .replace(/\d+\.\d+\.\d+ speaks/g, "VERSION speaks")
      .replaceAll("|", "\\|")
      .replace(/\s*\n\s*/g, "; ");
    expect([input, plain]).not.toEqual([input, expect.stringMatching(/^OK|^DEADLINE|^UNKNOWN/)]);
    this.rows.push(`| ${input} | ${plain} |`);
  }

  addLines(...lines: string[]): void {
    this.rows.push(...lines);
  }

  /** Holds the table against docs/hostile.md, or writes it there. */
  checkPublished(): void {
    const made = `${INTRODUCTION}${this.rows.join("\n")}\n`;
    const path = join(packageRoot, "docs", "hostile.md");
    if (process.env.PHASESWEEP_WRITE_HOSTILE === "1") writeFileSync(path, made);
    // The formatter sets the columns of tables.
    const plain = (text: string) => text.replace(/-{3,}/g, "---").replace(/ +/g, " ");
    expect(plain(made)).toBe(plain(readFileSync(path, "utf8")));
  }
}

const INTRODUCTION = `# Hostile inputs

What a coordinator with credentials does with whatever is not meant well. \`test/hostile/table.test.ts\`
sends all of it to a real one in every run of the tests, and holds this table against what came back
(with \`PHASESWEEP_WRITE_HOSTILE=1\` it writes it anew). Afterwards the coordinator lives, the
sweep that ran meanwhile has the sha256 of an undisturbed run, and no token or key is in a command line,
an environment, a log or a results folder.

\`test/hostile/fuzz.test.ts\` sends broken messages of every method, made from valid ones by a seed, and
\`test/shared/spec/fuzz.test.ts\` broken sweep files: each gets a status, a plan or a usage error.
\`PHASESWEEP_FUZZ_MESSAGES=100000 npx vitest run test/hostile/fuzz.test.ts\` sends the full number, and
prints how many calls of each method ended with which status ([fuzz.md](fuzz.md)).
`;
