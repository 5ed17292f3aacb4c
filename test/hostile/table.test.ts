import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { revokeHolder } from "../../cli/certificates/credentials_folder.ts";
import { sha256Hex } from "../../shared/canonical.ts";
import { packageVersion } from "../../shared/package_info.ts";
import { serializePlan } from "../../shared/plan.ts";
import { coordinatorService } from "../../shared/rpc.ts";
import type { Identity } from "../../shared/security/credentials.ts";
import { ROLES } from "../../shared/security/roles.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { phasesweep } from "../e2e/cli.ts";
import { dashboardRows } from "./dashboard_rows.ts";
import { floods } from "./floods.ts";
import { answerTo, bareAnswer, encoded, frame, HTTP2_PREFACE } from "./raw.ts";
import { Seeded } from "./seeded.ts";
import { Target } from "./target.ts";

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

let target: Target;

beforeAll(async () => {
  target = await Target.start();
});
afterAll(() => target.close());

/** What the command line says, and its exit code. */
async function command(...args: string[]): Promise<string> {
  const { code, stderr } = await phasesweep(...args);
  return `exit code ${code}: ${stderr.trim()}`;
}

test("strangers", { timeout: 120_000 }, async () => {
  target.heading("Strangers");
  const { ca } = target.identity("read");
  const other = (name: string) => readFileSync(join(target.folder, "other", "read", name));
  const stranger = { ca, cert: other("cert.pem"), key: other("key.pem") };
  const hello = HTTP2_PREFACE;
  target.row("TLS without a certificate", await bareAnswer(target.address, { ca }, hello));
  target.row("a certificate of another CA", await bareAnswer(target.address, stranger, hello));
  target.row(
    "an expired certificate",
    await bareAnswer(target.address, target.identity("expired"), hello),
  );
  target.row(
    "a certificate that is not valid yet",
    await bareAnswer(target.address, target.identity("early"), hello),
  );
  target.row(
    "TLS 1.2",
    await bareAnswer(
      target.address,
      { ...target.identity("read"), maxVersion: "TLSv1.2" } as Identity,
      hello,
    ),
  );
  target.row("no TLS: HTTP/2", await bareAnswer(target.address, undefined, hello));
  target.row(
    "no TLS: HTTP/1.1",
    await bareAnswer(target.address, undefined, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
  );
  target.row(
    "no TLS: 4 kB of random bytes",
    await bareAnswer(target.address, undefined, new Seeded(1).bytes(4096)),
  );

  cpSync(join(target.credentials, "work"), join(target.folder, "mixed"), { recursive: true });
  for (const name of ["cert.pem", "key.pem", "token"]) {
    cpSync(join(target.folder, "other", "work", name), join(target.folder, "mixed", name));
  }
  const worker = (name: string) => [
    "worker",
    "--coordinator",
    target.address,
    "--credentials",
    name,
    "--slots",
    "1",
  ];
  target.row(
    "`worker` with a certificate of another CA",
    await command(...worker(join(target.folder, "mixed"))),
  );
  target.row(
    "`worker` that believes another CA",
    await command(...worker(join(target.folder, "other", "work"))),
  );
  target.row(
    "`worker` with an expired certificate",
    await command(...worker(join(target.credentials, "expired"))),
  );
  target.row(
    "`worker` with the role read",
    await command(...worker(join(target.credentials, "read"))),
  );
  target.row(
    "`worker` with the coordinator's folder",
    await command(...worker(join(target.credentials, "coordinator"))),
  );
  const there = ["--coordinator", target.address];
  target.row("`status` without credentials", await command("status", ...there));
  target.row(
    "`status` with the role work",
    await command("status", ...there, "--credentials", join(target.credentials, "work")),
  );
  target.row(
    "`status` beyond loopback without credentials",
    await command("status", "--coordinator", "10.0.0.1:7070"),
  );
  target.row(
    "`serve` beyond loopback without credentials",
    await command("serve", "--listen", "0.0.0.0:0", "--results", join(target.folder, "none")),
  );
  expect(existsSync(join(target.folder, "none"))).toBe(false);
});

test("tokens and roles", { timeout: 120_000 }, async () => {
  target.heading("Tokens");
  target.row("no token", await target.status(target.client(target.identity("read"))));
  target.row(
    "a token that was made up",
    await target.status(target.client(target.identity("read"), `Bearer ${"A".repeat(43)}`)),
  );
  target.row(
    "a token of 1 MB",
    await target.status(target.client(target.identity("read"), `Bearer ${"A".repeat(1_000_000)}`)),
  );
  target.row(
    "a replayed token: with another holder's certificate",
    await target.status(target.client(target.identity("other-key"), target.bearer("read"))),
  );
  target.row(
    "an expired token",
    await answerTo(target.as("stale"), "GetPlan", encoded("GetPlan", { sweep: "x" })),
  );
  const held = target.as("revoked");
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
  revokeHolder(target.credentials, "revoked");
  const { code, details } = await ended;
  target.row(
    "a token that is revoked while its session is open",
    `${code === 16 ? "UNAUTHENTICATED" : code}: ${details}`,
  );
  target.row(
    "a revoked token",
    await answerTo(held, "GetPlan", encoded("GetPlan", { sweep: "x" })),
  );

  target.addLines(
    "",
    "## Roles",
    "",
    `| method | ${ROLES.join(" | ")} |`,
    `| --- |${" --- |".repeat(ROLES.length)}`,
  );
  const made = ROLES.map((role) => target.as(role));
  for (const method of METHODS) {
    const cells = await Promise.all(
      made.map(async (one) => {
        const answer = await answerTo(one, method, encoded(method, {}));
        return /^(PERMISSION_DENIED)/.exec(answer)?.[1] ?? "may";
      }),
    );
    expect(cells.filter((cell) => cell === "may").length).toBeGreaterThan(0);
    expect(cells).toContain("PERMISSION_DENIED");
    target.addLines(`| ${method} | ${cells.join(" | ")} |`);
  }
  expect(METHODS.length).toBeGreaterThan(10);
});

test("messages", { timeout: 120_000 }, async () => {
  target.heading("Messages of those who may send them");
  const [worker, submitter] = [target.as("work"), target.as("submit")];
  const plan = encoded("GetPlan", { sweep: "x".repeat(50) });
  target.row("a truncated message", await answerTo(worker, "GetPlan", plan.subarray(0, 1)));
  target.row(
    "random bytes as a message",
    await answerTo(worker, "SendPart", new Seeded(2).bytes(300)),
  );
  target.row(
    "a message of 2 MB",
    await answerTo(worker, "GetPlan", encoded("GetPlan", { sweep: "x".repeat(2_000_000) })),
  );
  target.row(
    "a plan of 17 MB",
    await answerTo(submitter, "Submit", encoded("Submit", { planJson: "x".repeat(17_000_000) })),
  );
  target.row(
    "a plan nested a million deep",
    await answerTo(submitter, "Submit", encoded("Submit", { planJson: "[".repeat(1_000_000) })),
  );
  target.row(
    "half of a character in a name",
    await answerTo(
      worker,
      "GetPlan",
      // U+D800 in three bytes, as UTF-8 does not allow it.
      Buffer.from("0a03eda080", "hex"),
    ),
  );
  target.row(
    "a part without a header",
    await answerTo(worker, "SendPart", encoded("SendPart", { chunk: Buffer.alloc(9) })),
  );
  target.row(
    "a first message that registers nothing",
    await answerTo(worker, "Session", encoded("Session", { drain: {} })),
  );
  const register = (changes: object) =>
    encoded("Session", {
      register: { worker: "w", host: "h", version: packageVersion, slots: 1, ...changes },
    });
  target.row(
    "a worker with 2^31 − 1 slots",
    await answerTo(worker, "Session", register({ slots: 2 ** 31 - 1 })),
  );
  target.row(
    "a worker with 5,000 leases in hand",
    await answerTo(worker, "Session", register({ held: Array(5_000).fill({ lease: "1-1" }) })),
  );
  target.row(
    "a rate that is no number",
    await answerTo(
      worker,
      "Session",
      register({}),
      encoded("Session", { renew: { leases: [{ lease: "1-1", cellsPerMs: Number.NaN }] } }),
    ),
  );
  target.row(
    "a sweep that is to be `done`",
    await answerTo(submitter, "Control", encoded("Control", { sweep: "x", control: "done" })),
  );
  target.row(
    "1,001 data sets looked for at once",
    await answerTo(
      submitter,
      "FindDatasets",
      encoded("FindDatasets", { digests: Array(1_001).fill("a") }),
    ),
  );

  target.heading("Broken HTTP/2, after a handshake with a good certificate");
  const good = target.identity("work");
  const settings = Buffer.concat([HTTP2_PREFACE, frame(0, 4, 0, Buffer.alloc(0))]);
  target.row("random bytes", await bareAnswer(target.address, good, new Seeded(3).bytes(4096)));
  target.row(
    "HTTP/1.1",
    await bareAnswer(target.address, good, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
  );
  target.row(
    "a frame of 16 MB",
    await bareAnswer(
      target.address,
      good,
      Buffer.concat([settings, frame(0xffffff, 0, 1, Buffer.alloc(9))]),
    ),
  );
  target.row(
    "a torn frame, and then silence",
    await bareAnswer(
      target.address,
      good,
      Buffer.concat([settings, frame(1_000, 1, 1, Buffer.alloc(9))]),
    ),
  );
  target.row(
    "headers that are no headers",
    await bareAnswer(
      target.address,
      good,
      Buffer.concat([settings, frame(20, 1, 1, Buffer.alloc(20, 0xff))]),
    ),
  );
});

test("paths", { timeout: 120_000 }, async () => {
  target.heading("Paths");
  const [worker, submitter] = [target.as("work"), target.as("submit")];
  const honest = JSON.parse(
    serializePlan(buildPlan(parseSweep(SWEEP.replace("right", "path"), "test"))),
  );
  for (const name of ["../x", "a/b", "/etc/x", "a\0b", "..", "C:\\x", "naïve", "n".repeat(200)]) {
    const planJson = JSON.stringify({ ...honest, plan: { ...honest.plan, name } });
    target.row(
      `a sweep called ${JSON.stringify(name.slice(0, 20))}`,
      await answerTo(submitter, "Submit", encoded("Submit", { planJson })),
    );
  }
  const digest = "../../../etc/passwd";
  target.row(
    "a data set called ../../../etc/passwd, to be sent",
    await answerTo(worker, "GetDataset", encoded("GetDataset", { digest })),
  );
  target.row(
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
  target.row(
    "a part of a sweep called ../x",
    await answerTo(worker, "SendPart", encoded("SendPart", { header })),
  );
  const register = { worker: "w\u001b[2J", host: "h", version: packageVersion, slots: 1 };
  target.row(
    "a worker whose name clears the terminal",
    await answerTo(worker, "Session", encoded("Session", { register })),
  );

  // Somebody who may write into the results folder plants links in it.
  const secret = join(target.folder, "secret");
  const content = "a secret of the coordinator's machine";
  writeFileSync(secret, content);
  const planted = sha256Hex(content);
  await answerTo(
    submitter,
    "SendDataset",
    encoded("SendDataset", { header: { digest: planted, bytes: 1_000 } }),
  );
  symlinkSync(secret, join(target.results, "datasets", planted));
  target.row(
    "a link planted as a stored data set",
    await answerTo(worker, "GetDataset", encoded("GetDataset", { digest: planted })),
  );
  const outside = join(target.folder, "outside");
  cpSync(join(target.credentials, "read"), outside, { recursive: true });
  symlinkSync(outside, join(target.results, "path"));
  target.row(
    "a link planted as the folder of a sweep's results",
    await answerTo(submitter, "Submit", encoded("Submit", { planJson: JSON.stringify(honest) })),
  );
  expect(readdirSync(outside).sort()).toEqual(["ca.pem", "cert.pem", "key.pem", "token"]);
  rmSync(join(target.results, "path"));
});

test("the dashboard", { timeout: 120_000 }, () => dashboardRows(target));

test("floods", { timeout: 120_000 }, () => floods(target, SWEEP));

test("the table is the one that is published", () => {
  target.checkPublished();
});
