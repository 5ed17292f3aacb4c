import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  addHolder,
  makeCredentials,
  revokeHolder,
} from "../../cli/certificates/credentials_folder.ts";
import { sha256Hex } from "../../shared/canonical.ts";
import { packageRoot, packageVersion } from "../../shared/package_info.ts";
import { serializePlan } from "../../shared/plan.ts";
import { coordinatorService } from "../../shared/rpc.ts";
import type { Identity } from "../../shared/security/credentials.ts";
import { ROLES } from "../../shared/security/roles.ts";
import { formatTokens, parseTokens } from "../../shared/security/token_book.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { Cli, phasesweep, sha256Of, sweepFile, temporaryFolder } from "../e2e/cli.ts";
import { answerTo, bareAnswer, disguised, encoded, frame, HTTP2_PREFACE } from "./raw.ts";
import { Seeded } from "./seeded.ts";

const DAY_MS = 86_400_000;
const SWEEP = `
name: right
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 65 }
seeds: 8
training: { steps: 100 }
`;

type Method = keyof typeof coordinatorService & string;
const METHODS = Object.keys(coordinatorService).filter((name) => /^[A-Z]/.test(name)) as Method[];

let folder: string;
let credentials: string;
let results: string;
let coordinator: Cli;
let address: string;
const clients: grpc.Client[] = [];

const file = (holder: string, name: string) => readFileSync(join(credentials, holder, name));
const identity = (holder: string): Identity => ({
  ...{ ca: file(holder, "ca.pem"), cert: file(holder, "cert.pem"), key: file(holder, "key.pem") },
});
const bearer = (holder: string) => `Bearer ${file(holder, "token").toString().trim()}`;

function client(who: Partial<Identity>, authorization?: string): grpc.Client {
  const shown = authorization === undefined ? {} : { authorization };
  const made = disguised(address, { identity: who, ...shown });
  clients.push(made);
  return made;
}

const as = (holder: string) => client(identity(holder), bearer(holder));

beforeAll(async () => {
  folder = temporaryFolder();
  credentials = join(folder, "credentials");
  results = join(folder, "fleet");
  const now_ms = Date.now();
  makeCredentials(credentials, 30, now_ms);
  addHolder(credentials, { name: "expired", role: "work" }, 1, now_ms - 2 * DAY_MS);
  addHolder(credentials, { name: "early", role: "work" }, 30, now_ms + 2 * DAY_MS);
  addHolder(credentials, { name: "revoked", role: "work" }, 30, now_ms);
  addHolder(credentials, { name: "other-key", role: "work" }, 30, now_ms);
  addHolder(credentials, { name: "stale", role: "work" }, 30, now_ms);
  const book = join(credentials, "coordinator", "tokens.json");
  const stale = parseTokens(readFileSync(book, "utf8")).map((entry) =>
    entry.name === "stale" ? { ...entry, expires: new Date(now_ms - DAY_MS).toISOString() } : entry,
  );
  writeFileSync(book, formatTokens(stale));
  makeCredentials(join(folder, "other"), 30, now_ms);
  const times = ["--shard-seconds", "0.2", "--lease-seconds", "2"];
  const listen = ["--listen", "127.0.0.1:0", "--credentials", join(credentials, "coordinator")];
  coordinator = new Cli("serve", ...listen, "--results", results, ...times);
  [, address = ""] = await coordinator.says(/listens on (\S+),/);
});

afterAll(async () => {
  for (const made of clients) made.close();
  await coordinator.killGroup();
});

/** Rows of docs/hostile.md, each an input and what it got. */
const rows: string[] = [];

function row(input: string, got: string): void {
  const plain = got
    .replaceAll(address, "HOST:PORT")
    .replaceAll(folder, "DIR")
    .replace(/[0-9a-f]{64}/g, "SHA256")
    .replace(/\w{3} +\d+ \d\d:\d\d:\d\d \d{4} GMT|\d{4}-\d\d-\d\dT[\d:.]+Z/g, "DATE")
    .replace(/\d+\.\d+\.\d+ speaks/g, "VERSION speaks")
    .replaceAll("|", "\\|")
    .replace(/\s*\n\s*/g, "; ");
  expect([input, plain]).not.toEqual([input, expect.stringMatching(/^OK|^DEADLINE|^UNKNOWN/)]);
  rows.push(`| ${input} | ${plain} |`);
}

function heading(title: string): void {
  rows.push("", `## ${title}`, "", "| input | what it got |", "| --- | --- |");
}

const status = (made: grpc.Client) => answerTo(made, "GetStatus", encoded("GetStatus", {}));

/** What the command line says, and its exit code. */
async function command(...args: string[]): Promise<string> {
  const { code, stderr } = await phasesweep(...args);
  return `exit code ${code}: ${stderr.trim()}`;
}

test("strangers", { timeout: 120_000 }, async () => {
  heading("Strangers");
  const { ca } = identity("read");
  const other = (name: string) => readFileSync(join(folder, "other", "read", name));
  const stranger = { ca, cert: other("cert.pem"), key: other("key.pem") };
  const hello = HTTP2_PREFACE;
  row("TLS without a certificate", await bareAnswer(address, { ca }, hello));
  row("a certificate of another CA", await bareAnswer(address, stranger, hello));
  row("an expired certificate", await bareAnswer(address, identity("expired"), hello));
  row("a certificate that is not valid yet", await bareAnswer(address, identity("early"), hello));
  row(
    "TLS 1.2",
    await bareAnswer(address, { ...identity("read"), maxVersion: "TLSv1.2" } as Identity, hello),
  );
  row("no TLS: HTTP/2", await bareAnswer(address, undefined, hello));
  row(
    "no TLS: HTTP/1.1",
    await bareAnswer(address, undefined, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
  );
  row(
    "no TLS: 4 kB of random bytes",
    await bareAnswer(address, undefined, new Seeded(1).bytes(4096)),
  );

  cpSync(join(credentials, "work"), join(folder, "mixed"), { recursive: true });
  for (const name of ["cert.pem", "key.pem", "token"]) {
    cpSync(join(folder, "other", "work", name), join(folder, "mixed", name));
  }
  const worker = (name: string) => [
    "worker",
    "--coordinator",
    address,
    "--credentials",
    name,
    "--slots",
    "1",
  ];
  row("`worker` with a certificate of another CA", await command(...worker(join(folder, "mixed"))));
  row("`worker` that believes another CA", await command(...worker(join(folder, "other", "work"))));
  row(
    "`worker` with an expired certificate",
    await command(...worker(join(credentials, "expired"))),
  );
  row("`worker` with the role read", await command(...worker(join(credentials, "read"))));
  row(
    "`worker` with the coordinator's folder",
    await command(...worker(join(credentials, "coordinator"))),
  );
  const there = ["--coordinator", address];
  row("`status` without credentials", await command("status", ...there));
  row(
    "`status` with the role work",
    await command("status", ...there, "--credentials", join(credentials, "work")),
  );
  row(
    "`status` beyond loopback without credentials",
    await command("status", "--coordinator", "10.0.0.1:7070"),
  );
  row(
    "`serve` beyond loopback without credentials",
    await command("serve", "--listen", "0.0.0.0:0", "--results", join(folder, "none")),
  );
  expect(existsSync(join(folder, "none"))).toBe(false);
});

test("tokens and roles", { timeout: 120_000 }, async () => {
  heading("Tokens");
  row("no token", await status(client(identity("read"))));
  row(
    "a token that was made up",
    await status(client(identity("read"), `Bearer ${"A".repeat(43)}`)),
  );
  row("a token of 1 MB", await status(client(identity("read"), `Bearer ${"A".repeat(1_000_000)}`)));
  row(
    "a replayed token: with another holder's certificate",
    await status(client(identity("other-key"), bearer("read"))),
  );
  row(
    "an expired token",
    await answerTo(as("stale"), "GetPlan", encoded("GetPlan", { sweep: "x" })),
  );
  const held = as("revoked");
  const register = { worker: "w", host: "h", version: packageVersion, slots: 1 };
  const session = held.makeBidiStreamRequest(
    coordinatorService.Session.path,
    (x: Buffer) => x,
    (x: Buffer) => x,
  );
  session.on("error", () => {});
  session.write(encoded("Session", { register }));
  await new Promise((resolve) => session.once("data", resolve));
  session.on("data", () => {});
  const ended = new Promise<grpc.StatusObject>((resolve) => session.on("status", resolve));
  revokeHolder(credentials, "revoked");
  const { code, details } = await ended;
  row(
    "a token that is revoked while its session is open",
    `${code === 16 ? "UNAUTHENTICATED" : code}: ${details}`,
  );
  row("a revoked token", await answerTo(held, "GetPlan", encoded("GetPlan", { sweep: "x" })));

  rows.push(
    "",
    "## Roles",
    "",
    `| method | ${ROLES.join(" | ")} |`,
    `| --- |${" --- |".repeat(ROLES.length)}`,
  );
  const made = ROLES.map((role) => as(role));
  for (const method of METHODS) {
    const cells = await Promise.all(
      made.map(async (one) => {
        const answer = await answerTo(one, method, encoded(method, {}));
        return /^(PERMISSION_DENIED)/.exec(answer)?.[1] ?? "may";
      }),
    );
    expect(cells.filter((cell) => cell === "may").length).toBeGreaterThan(0);
    expect(cells).toContain("PERMISSION_DENIED");
    rows.push(`| ${method} | ${cells.join(" | ")} |`);
  }
  expect(METHODS.length).toBeGreaterThan(10);
});

test("messages", { timeout: 120_000 }, async () => {
  heading("Messages of those who may send them");
  const [worker, submitter] = [as("work"), as("submit")];
  const plan = encoded("GetPlan", { sweep: "x".repeat(50) });
  row("a truncated message", await answerTo(worker, "GetPlan", plan.subarray(0, 1)));
  row("random bytes as a message", await answerTo(worker, "SendPart", new Seeded(2).bytes(300)));
  row(
    "a message of 2 MB",
    await answerTo(worker, "GetPlan", encoded("GetPlan", { sweep: "x".repeat(2_000_000) })),
  );
  row(
    "a plan of 17 MB",
    await answerTo(submitter, "Submit", encoded("Submit", { planJson: "x".repeat(17_000_000) })),
  );
  row(
    "a plan nested a million deep",
    await answerTo(submitter, "Submit", encoded("Submit", { planJson: "[".repeat(1_000_000) })),
  );
  row(
    "half of a character in a name",
    await answerTo(
      worker,
      "GetPlan",
      // U+D800 in three bytes, as UTF-8 does not allow it.
      Buffer.from("0a03eda080", "hex"),
    ),
  );
  row(
    "a part without a header",
    await answerTo(worker, "SendPart", encoded("SendPart", { chunk: Buffer.alloc(9) })),
  );
  row(
    "a first message that registers nothing",
    await answerTo(worker, "Session", encoded("Session", { drain: {} })),
  );
  const register = (changes: object) =>
    encoded("Session", {
      register: { worker: "w", host: "h", version: packageVersion, slots: 1, ...changes },
    });
  row(
    "a worker with 2^31 − 1 slots",
    await answerTo(worker, "Session", register({ slots: 2 ** 31 - 1 })),
  );
  row(
    "a worker with 5,000 leases in hand",
    await answerTo(worker, "Session", register({ held: Array(5_000).fill({ lease: "1-1" }) })),
  );
  row(
    "a rate that is no number",
    await answerTo(
      worker,
      "Session",
      register({}),
      encoded("Session", { renew: { leases: [{ lease: "1-1", cellsPerMs: Number.NaN }] } }),
    ),
  );
  row(
    "a sweep that is to be `done`",
    await answerTo(submitter, "Control", encoded("Control", { sweep: "x", control: "done" })),
  );
  row(
    "1,001 data sets looked for at once",
    await answerTo(
      submitter,
      "FindDatasets",
      encoded("FindDatasets", { digests: Array(1_001).fill("a") }),
    ),
  );

  heading("Broken HTTP/2, after a handshake with a good certificate");
  const good = identity("work");
  const settings = Buffer.concat([HTTP2_PREFACE, frame(0, 4, 0, Buffer.alloc(0))]);
  row("random bytes", await bareAnswer(address, good, new Seeded(3).bytes(4096)));
  row("HTTP/1.1", await bareAnswer(address, good, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  row(
    "a frame of 16 MB",
    await bareAnswer(
      address,
      good,
      Buffer.concat([settings, frame(0xffffff, 0, 1, Buffer.alloc(9))]),
    ),
  );
  row(
    "a torn frame, and then silence",
    await bareAnswer(address, good, Buffer.concat([settings, frame(1_000, 1, 1, Buffer.alloc(9))])),
  );
  row(
    "headers that are no headers",
    await bareAnswer(
      address,
      good,
      Buffer.concat([settings, frame(20, 1, 1, Buffer.alloc(20, 0xff))]),
    ),
  );
});

test("paths", { timeout: 120_000 }, async () => {
  heading("Paths");
  const [worker, submitter] = [as("work"), as("submit")];
  const honest = JSON.parse(
    serializePlan(buildPlan(parseSweep(SWEEP.replace("right", "path"), "test"))),
  );
  for (const name of ["../x", "a/b", "/etc/x", "a\0b", "..", "C:\\x", "naïve", "n".repeat(200)]) {
    const planJson = JSON.stringify({ ...honest, plan: { ...honest.plan, name } });
    row(
      `a sweep called ${JSON.stringify(name.slice(0, 20))}`,
      await answerTo(submitter, "Submit", encoded("Submit", { planJson })),
    );
  }
  const digest = "../../../etc/passwd";
  row(
    "a data set called ../../../etc/passwd, to be sent",
    await answerTo(worker, "GetDataset", encoded("GetDataset", { digest })),
  );
  row(
    "the same, to be stored",
    await answerTo(
      submitter,
      "SendDataset",
      encoded("SendDataset", { header: { digest, bytes: 1_000 } }),
    ),
  );
  const header = {
    sweep: "../x",
    worker: "w",
    host: "h",
    lease: "1-1",
    cellCount: 1,
    bytes: 1,
    phases: { lazy: 1 },
  };
  row(
    "a part of a sweep called ../x",
    await answerTo(worker, "SendPart", encoded("SendPart", { header })),
  );
  const register = { worker: "w\u001b[2J", host: "h", version: packageVersion, slots: 1 };
  row(
    "a worker whose name clears the terminal",
    await answerTo(worker, "Session", encoded("Session", { register })),
  );

  // Somebody who may write into the results folder plants links in it.
  const secret = join(folder, "secret");
  const content = "a secret of the coordinator's machine";
  writeFileSync(secret, content);
  const planted = sha256Hex(content);
  await answerTo(
    submitter,
    "SendDataset",
    encoded("SendDataset", { header: { digest: planted, bytes: 1_000 } }),
  );
  symlinkSync(secret, join(results, "datasets", planted));
  row(
    "a link planted as a stored data set",
    await answerTo(worker, "GetDataset", encoded("GetDataset", { digest: planted })),
  );
  const outside = join(folder, "outside");
  cpSync(join(credentials, "read"), outside, { recursive: true });
  symlinkSync(outside, join(results, "path"));
  row(
    "a link planted as the folder of a sweep's results",
    await answerTo(submitter, "Submit", encoded("Submit", { planJson: JSON.stringify(honest) })),
  );
  expect(readdirSync(outside).sort()).toEqual(["ca.pem", "cert.pem", "key.pem", "token"]);
  rmSync(join(results, "path"));
});

test("floods", { timeout: 120_000 }, async () => {
  heading("Floods, while a sweep runs to its right sha256");
  const sweep = sweepFile(folder, SWEEP);
  const undisturbed = join(folder, "undisturbed");
  expect(await phasesweep("run", sweep, "--results", undisturbed)).toMatchObject({ code: 0 });
  const with_ = (role: string) => [
    "--coordinator",
    address,
    "--credentials",
    join(credentials, role),
  ];
  const worker = new Cli("worker", ...with_("work"), "--slots", "1");
  const submitting = phasesweep("submit", sweep, ...with_("submit"), "--watch");

  const [reader, flooder] = [as("read"), as("work")];
  const refusals = async (answers: Promise<string>[]) => {
    const all = await Promise.all(answers);
    const refused = all.filter((answer) => answer.startsWith("RESOURCE_EXHAUSTED"));
    expect(refused.length).toBeGreaterThan(0);
    // Which of the two comes first is a matter of time.
    const named = /\((UNARY_CALLS_MAX|CALLS_PER_SECOND_MAX)\)/;
    expect(refused.filter((answer) => !named.test(answer))).toEqual([]);
    return "RESOURCE_EXHAUSTED for most, with UNARY_CALLS_MAX or CALLS_PER_SECOND_MAX as the reason";
  };
  row("4,000 calls at once", await refusals(Array.from({ length: 4_000 }, () => status(reader))));
  const renewal = encoded("Session", { renew: { leases: [] } });
  const register = encoded("Session", {
    register: { worker: "flood", host: "h", version: packageVersion, slots: 1 },
  });
  row(
    "20,000 messages of a session at once",
    await answerTo(flooder, "Session", register, ...Array(20_000).fill(renewal)),
  );
  const watchers = Array.from({ length: 300 }, () => {
    const one = as("read");
    return answerTo(one, "Watch", encoded("Watch", { sweep: "right" }));
  });
  const datasets = Array.from({ length: 20 }, (_, i) => {
    const digest = i.toString(16).padStart(64, "0");
    const stream = as("submit").makeClientStreamRequest(
      coordinatorService.SendDataset.path,
      (x: Buffer) => x,
      (x: Buffer) => x,
      () => {},
    );
    const answer = new Promise<string>((resolve) => {
      stream.on("error", () => {});
      stream.on("status", ({ code, details }: grpc.StatusObject) =>
        resolve(code === 8 ? `RESOURCE_EXHAUSTED: ${details}` : String(code)),
      );
    });
    stream.write(encoded("SendDataset", { header: { digest, bytes: 1_000 } }));
    return { stream, answer };
  });
  row(
    "20 data sets that are begun and not ended",
    await Promise.race(datasets.map(({ answer }) => answer)),
  );
  for (const { stream } of datasets) stream.cancel();

  const finished = await submitting;
  expect([finished.code, finished.stderr]).toEqual([0, finished.stderr]);
  await Promise.all(watchers);
  const merged = join(results, "right", "results.parquet");
  expect(sha256Of(merged)).toBe(sha256Of(join(undisturbed, "results.parquet")));
  expect(coordinator.process.exitCode).toBeNull();

  // Nothing secret is anywhere that others read.
  const secrets = [...ROLES.map((role) => bearer(role).slice("Bearer ".length)), "PRIVATE KEY"];
  const seen = [
    coordinator.stderr,
    coordinator.stdout,
    worker.stderr,
    worker.stdout,
    finished.stderr,
    finished.stdout,
  ];
  for (const name of readdirSync("/proc").filter((pid) => /^\d+$/.test(pid))) {
    for (const what of ["cmdline", "environ"]) {
      try {
        seen.push(readFileSync(`/proc/${name}/${what}`, "latin1"));
      } catch {
        // It ended meanwhile, or is another's.
      }
    }
  }
  const below = (path: string): void => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) below(join(path, name));
    else seen.push(readFileSync(path, "latin1"));
  };
  below(results);
  for (const secret of secrets) expect(seen.filter((text) => text.includes(secret))).toEqual([]);
  await worker.killGroup();
});

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

test("the table is the one that is published", () => {
  const made = `${INTRODUCTION}${rows.join("\n")}\n`;
  const path = join(packageRoot, "docs", "hostile.md");
  if (process.env.PHASESWEEP_WRITE_HOSTILE === "1") writeFileSync(path, made);
  // The formatter sets the columns of tables.
  const plain = (text: string) => text.replace(/-{3,}/g, "---").replace(/ +/g, " ");
  expect(plain(made)).toBe(plain(readFileSync(path, "utf8")));
});
