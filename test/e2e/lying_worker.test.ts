import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PartHeader } from "../../shared/generated/phasesweep/v1/PartHeader.ts";
import { PART_BYTES_MAX, SLOTS_MAX } from "../../shared/limits.ts";
import type { Plan } from "../../shared/plan.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { Cli, phasesweep, sha256Of, sweepFile, temporaryFolder } from "./cli.ts";
import { headerOf, honestPart, Liar } from "./liar.ts";

const SWEEP = `
name: lied-to
dataset: [example3, example4]
loss: logistic
model: { hidden_layers: 1, width: 10 }
learning_rate: [1, 2, 4, 8, 16]
seeds: 200
`;
/** Groups of 1000 cells. */
const plan: Plan = buildPlan(parseSweep(SWEEP, "lied-to"));
const folder = temporaryFolder();
const sweep = sweepFile(folder, SWEEP);
const results = join(folder, "results");
let server: Cli;
let liar: Liar;
let address = "";
let header: PartHeader = {};
let bytes: Uint8Array = new Uint8Array();

/** One coordinator hears all lies; in the end an honest worker comes, and the bytes are compared. */
beforeAll(async () => {
  const listen = ["--listen", "127.0.0.1:0", "--results", results];
  server = new Cli("serve", ...listen, "--lease-seconds", "2");
  address = (await server.says(/listens on (\S+),/))[1]!;
  expect((await phasesweep("submit", sweep, "--coordinator", address)).code).toBe(0);
  liar = new Liar(address);
  ({ header, bytes } = await honestPart(plan, 0, 0, 100));
});

afterAll(() => {
  liar.close();
  server.process.kill("SIGKILL");
});

describe("parts that claim what cannot be are refused with the reason", () => {
  const claims: [string, PartHeader, RegExp][] = [
    ["a sweep that is not there", { sweep: "none" }, /no sweep 'none'/],
    ["a cell before the first", { firstCell: -1 }, /no cells -1 to 98 in sweep 'lied-to'/],
    ["a cell after the last", { firstCell: 1950 }, /no cells 1950 to 2049/],
    ["cells of two groups", { firstCell: 950 }, /several shape groups/],
    ["no cells", { cellCount: 0 }, /0 cells, not 1 to/],
    ["fewer than no cells", { cellCount: -5 }, /-5 cells, not 1 to/],
    ["more cells than a shard has", { cellCount: 1e15 }, /SHARD_CELLS_MAX/],
    ["more cells than a double counts", { cellCount: "9223372036854775807" }, /SHARD_CELLS_MAX/],
    ["a first cell no double counts", { firstCell: "9223372036854775807" }, /no cells/],
    ["more bytes than a part may have", { bytes: PART_BYTES_MAX + 1 }, /PART_BYTES_MAX/],
    ["phases of fewer cells", { phases: { lazy: 99 } }, /99 \+ 0 \+ 0 \+ 0 do not add up to 100/],
    ["no phases", { phases: null }, /do not add up/],
    ["a negative phase", { phases: { lazy: 101, catapult: -1 } }, /do not add up/],
    ["a time that is no number", { computeMs: Number.NaN }, /compute_ms is NaN/],
    ["an endless time", { computeMs: Number.POSITIVE_INFINITY }, /compute_ms is Infinity/],
    ["a negative time", { computeMs: -1 }, /compute_ms is -1/],
    ["a start that no calendar has", { startedMs: 1e300 }, /started_ms is 1e\+300/],
    ["a start that is no number", { startedMs: Number.NaN }, /started_ms is NaN/],
    ["a worker without a name", { worker: "" }, /worker has no name/],
    ["a name with a zero byte", { host: "a\0b" }, /control characters/],
    ["a name without end", { lease: "x".repeat(1e5) }, /NAME_CHARS_MAX/],
  ];
  test.each(claims)("%s", async (_, lie, reason) => {
    expect(await liar.sendPart({ ...header, ...lie }, bytes)).toMatch(reason);
    expect(await liar.sendSmallPart({ ...header, ...lie }, bytes)).toMatch(reason);
  });
});

describe("bytes that are not what was announced, or not what the plan says", () => {
  test("another sha256", async () => {
    const sha256 = "0".repeat(64);
    expect(await liar.sendPart({ ...header, sha256 }, bytes)).toMatch(/announced 0{64}/);
    expect(await liar.sendSmallPart({ ...header, sha256 }, bytes)).toMatch(/announced 0{64}/);
  });
  test("more bytes than announced", async () => {
    const lie = { ...header, bytes: bytes.length - 1 };
    expect(await liar.sendPart(lie, bytes)).toMatch(/more bytes than announced/);
  });
  test("fewer bytes than announced", async () => {
    expect(await liar.sendPart(header, bytes.subarray(1))).toMatch(/of \d+ bytes/);
    expect(await liar.sendSmallPart(header, bytes.subarray(1))).toMatch(/of \d+ bytes/);
  });
  test("not Parquet", async () => {
    for (const text of ["", "PAR1", "not Parquet, but longer than twelve bytes"]) {
      const lie = Buffer.from(text);
      for (const sent of [
        liar.sendPart(headerOf(header, lie), lie),
        liar.sendSmallPart(headerOf(header, lie), lie),
      ]) {
        expect(await sent).toMatch(/not a Parquet file/);
      }
    }
  });
  test("a footer that is garbage, or longer than the part", async () => {
    const garbage = Buffer.from(bytes);
    garbage.fill(0xff, garbage.length - 200, garbage.length - 8);
    expect(await liar.sendPart(headerOf(header, garbage), garbage)).toMatch(/cannot be read/);
    const long = Buffer.from(bytes);
    long.writeUInt32LE(bytes.length, bytes.length - 8);
    expect(await liar.sendPart(headerOf(header, long), long)).toMatch(/longer than the part/);
    long.writeUInt32LE(2 ** 31, bytes.length - 8);
    expect(await liar.sendPart(headerOf(header, long), long)).toMatch(/PART_FOOTER_BYTES_MAX/);
  });
  test("pages that were cut out of the file", async () => {
    const cut = Buffer.concat([Buffer.from("PAR1"), bytes.subarray(1000)]);
    expect(await liar.sendPart(headerOf(header, cut), cut)).toMatch(/lacks a column's pages/);
  });
  test("fewer rows, more rows", async () => {
    for (const cells of [99, 101]) {
      const other = await honestPart(plan, 0, 0, cells);
      const lie = { ...headerOf(header, other.bytes), cellCount: 100 };
      expect(await liar.sendPart(lie, other.bytes)).toMatch(`${cells} rows`);
    }
  });
  test("other columns", async () => {
    const measured = buildPlan(parseSweep(`${SWEEP}measure: [ntk]\n`, "other"));
    const other = await honestPart(measured, 0, 0, 100);
    expect(await liar.sendPart(headerOf(header, other.bytes), other.bytes)).toMatch(
      /has the columns learning_rate .*ntk_initial.*; the plan has/,
    );
  });
  test("no header, two headers, bytes before the header", async () => {
    const chunk = Buffer.from(bytes);
    expect(await liar.sendMessages([])).toMatch(/without a header/);
    expect(await liar.sendMessages([{ chunk }, { header }])).toMatch(/one header, then chunks/);
    expect(await liar.sendMessages([{ header }, { header }])).toMatch(/one header, then chunks/);
    expect(await liar.sendMessages([{}])).toMatch(/one header, then chunks/);
    expect(await liar.sendSmallPart(null, bytes)).toMatch(/without a header/);
  });
});

describe("sessions that do not keep to the protocol are refused", () => {
  test("something before the registration", async () => {
    for (const message of [{ drain: {} }, { renew: { leases: [{ lease: "1-1" }] } }, {}]) {
      const session = liar.session();
      session.send(message);
      expect((await session.gets("refusal")).reason).toMatch(/registration|does not know/);
    }
  });
  test.each([0, -1, SLOTS_MAX + 1, 1_000_000])("%d slots", async (slots) => {
    const session = liar.session();
    session.register({ slots });
    expect((await session.gets("refusal")).reason).toContain(`slots is ${slots}`);
  });
  test("no name, or one for no terminal", async () => {
    for (const worker of ["", "\x1b[2J", "x".repeat(1000)]) {
      const session = liar.session();
      session.register({ worker });
      expect((await session.gets("refusal")).reason).toMatch(/name/);
    }
  });
  test("a second registration on one stream", async () => {
    const session = liar.session();
    session.register({ worker: "first" });
    await session.gets("welcome");
    session.register({ worker: "second" });
    expect((await session.gets("refusal")).reason).toMatch(/registers once/);
  });
  test("leases held that cannot be", async () => {
    for (const [firstCell, cellCount] of [
      [5, 0],
      [5, -5],
      [-5, 10],
      [950, 100],
    ] as const) {
      const session = liar.session();
      const held = [{ lease: "0-77", sweep: plan.name, firstCell, cellCount }];
      session.register({ worker: `holder ${firstCell} ${cellCount}`, held });
      await session.gets("leases");
      const kinds = session.received.map(({ message }) => message);
      expect(kinds.slice(0, 3)).toEqual(["welcome", "cancel", "leases"]);
      session.end();
    }
  });
  test("leases of others are neither renewed, released nor failed", async () => {
    const holder = liar.session();
    holder.register({ worker: "holder" });
    const { lease } = (await holder.gets("leases")).leases[0]!;
    const thief = liar.session();
    thief.register({ worker: "thief" });
    thief.send({ release: { leases: [lease] } });
    thief.send({ failed: { lease, error: "a lie" } });
    thief.send({ renew: { leases: [{ lease, cellsDone: -1 }] } });
    expect((await thief.gets("cancel")).lease).toBe(lease);
    // The lease is still its holder's: renewed without a word.
    holder.send({ renew: { leases: [{ lease, cellsDone: 1 }] } });
    holder.send({ renew: { leases: [{ lease: "no such lease", cellsDone: 1 }] } });
    expect((await holder.gets("cancel")).lease).toBe("no such lease");
    holder.end();
    thief.end();
  });
});

test("a part that is sent twice is a duplicate, and an honest worker completes the sweep", async () => {
  const outcomes = [
    await liar.sendPart(header, bytes),
    await liar.sendPart(header, bytes),
    await liar.sendSmallPart(header, bytes),
  ];
  expect(outcomes).toEqual(["committed", "duplicate", "duplicate"]);
  // The same cells with the numbers of others: nothing that was there changes, and it is told.
  const forged = (await honestPart(plan, 0, 100, 100)).bytes;
  expect(await liar.sendPart(headerOf(header, forged), forged)).toBe("duplicate");
  const undisturbed = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", undisturbed)).code).toBe(0);
  const worker = new Cli("worker", "--coordinator", address);
  const submit = ["submit", sweep, "--coordinator", address, "--watch"];
  const { code, stderr } = await phasesweep(...submit);
  expect(stderr).not.toContain("could not be computed");
  expect(stderr).toContain("100 cells differed when they were computed twice");
  expect(stderr).toContain("100 of the cells 0..99 came from liar unlike what liar had handed in");
  expect(code).toBe(0);
  expect(sha256Of(join(results, "lied-to", "results.parquet"))).toBe(
    sha256Of(join(undisturbed, "results.parquet")),
  );
  worker.process.kill("SIGTERM");
  expect((await worker.finished).code).toBe(0);
});
