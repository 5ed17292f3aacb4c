import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DOCUMENTS, SCHEMA_NAMES, schemaOf } from "../../cli/documents/documents.ts";
import { buildProgram } from "../../cli/program.ts";
import { Cli, phasesweep, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf, expectDocument } from "./documents.ts";

const SWEEP = `
name: told
dataset: example3
model: { hidden_layers: 1, width: [50, 100, 200], weight_variance: 0.5 }
loss: squared
learning_rate: { from: 0.5, to: 64, points: 57 }
seeds: 8
training: { steps: 50 }
measure: [ntk, hessian]
boundaries: { eta_tolerance: 5e-2 }
`;
const MAP = `
name: map
dataset: example3
model: { hidden_layers: 1, width: 100, weight_variance: { from: 0.25, to: 4, points: 17 } }
loss: squared
learning_rate: { from: 0.25, to: 16, points: 25 }
seeds: 1
training: { steps: 20 }
`;
const START = {
  data: {
    X: [
      [1, 0],
      [1, 0],
    ],
    y: [1, -1],
  },
  ...{ loss: "squared", steps: 20, init: { w: [0.5, 0.25] } },
};

const folder = temporaryFolder();
const place = (name: string) => join(folder, name);
let server: Cli;
let address = "";

beforeAll(async () => {
  sweepFile(folder, SWEEP);
  writeFileSync(place("map.yaml"), MAP);
  writeFileSync(
    place("cases.json"),
    JSON.stringify([{ ...START, learning_rate: 0.5, measure_at: [0] }]),
  );
  writeFileSync(place("starts.json"), JSON.stringify([START]));
  server = new Cli("serve", "--listen", "127.0.0.1:0", "--results", place("fleet"));
  [, address = ""] = await server.says(/listens on (\S+),/);
});
afterAll(() => server.killGroup());

/** Commands that print no document: what they print is for a shell, and for people. */
const WITHOUT: readonly string[] = ["completion", "help"];

test("every command that prints something has --json, and a schema of what it then prints", () => {
  const program = buildProgram();
  for (const command of program.createHelp().visibleCommands(program)) {
    if (WITHOUT.includes(command.name())) continue;
    const has = command.options.some(({ long }) => long === "--json");
    expect(has, command.name()).toBe(true);
    if (command.name() !== "schema") expect(Object.keys(DOCUMENTS)).toContain(command.name());
  }
});

/** Places of a schema where an object may have keys that it does not name. */
function looseIn(schema: unknown, place: string): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { type, additionalProperties } = schema as Record<string, unknown>;
  const isLoose = type === "object" && additionalProperties !== false;
  return [
    ...(isLoose || Object.keys(schema).length === 0 ? [place] : []),
    ...Object.entries(schema).flatMap(([key, part]) =>
      ["additionalProperties", "default", "examples"].includes(key)
        ? []
        : looseIn(part, `${place}.${key}`),
    ),
  ];
}

test("every key that is printed is in its schema, but for the columns that a query names", () => {
  const names = SCHEMA_NAMES.filter((name) => name !== "query");
  expect(names.flatMap((name) => looseIn(schemaOf(name), name))).toEqual([]);
  expect(looseIn(schemaOf("query"), "query")).toHaveLength(1);
});

/** Runs a command with --json and holds what it prints against its schema; gives the document. */
async function told(name: keyof typeof DOCUMENTS, ...args: string[]) {
  const { code, stdout, stderr } = await phasesweep(name, ...args, "--json");
  expect(code, `${name}: ${stderr}`).toBe(0);
  return documentOf(name, stdout) as never;
}

test("commands of one machine print one document of the form that they promise", async () => {
  const [sweep, map, results] = [place("sweep.yaml"), place("map.yaml"), place("results")];
  await told("plan", sweep, "--results", results);
  await told("run", sweep, map, "--results", results, "--quiet");
  const [done, window] = [join(results, "told"), join(results, "map")];
  await told("run", sweep, "--results", done, "--progress", "lines");
  await told("plan", sweep, map, "--results", results);
  await told("analyze", done, window);
  await told("report", done);
  await told("reproduce", done, "17");
  await told("query", done, "SELECT * FROM boundaries LIMIT 3");
  await told("theory", done);
  await told("zoom", window, "--learning-rate", "1:2", "--y", "1:2", "--points", "12");
});

test("those of theory, of credentials and of the machine too", async () => {
  await told("phi", "--learning-rate", "2", "--points", "5");
  await told("trace", place("cases.json"));
  await told("locate", place("starts.json"));
  await told("doctor");
  await told("init", place("new.yaml"), "--data", "example3", "--budget", "1000", "--yes");
  await told("slurm", place("sweep.yaml"), "--dry-run", "--results", place("slurm"));
  const credentials = place("credentials");
  expect(await told("certs", credentials)).toMatchObject({ action: "made" });
  await told("certs", credentials, "--add", "work", "--name", "rack2");
  await told("certs", credentials, "--renew");
  expect(await told("certs", credentials, "--revoke", "rack2")).toMatchObject({
    ...{ action: "revoked", holders: [{ name: "rack2", role: "work" }] },
  });
  const schema = await phasesweep("schema", "run", "--json");
  expect(JSON.parse(schema.stdout)).toHaveProperty("$schema");
});

test("those of a coordinator, of which a watched sweep prints an object a line", async () => {
  const at = ["--coordinator", address];
  await told("submit", place("map.yaml"), ...at);
  for (const control of ["pause", "resume", "cancel", "resume"] as const) {
    await told(control, "map", ...at);
  }
  expect(await told("prioritize", "map", "7", ...at)).toMatchObject({ priority: 7 });
  await told("status", ...at);
  expect(await told("health", ...at)).toMatchObject({ serving: true });
  const worker = new Cli("worker", ...at, "--slots", "1");
  for (const args of [
    ["watch", "map"],
    ["submit", place("map.yaml"), "--watch"],
  ]) {
    const watched = await phasesweep(...args, ...at, "--json");
    expect(watched.code, watched.stderr).toBe(0);
    const lines = watched.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    for (const line of lines.slice(0, -1)) expectDocument("progress", line);
    expectDocument(args[0] as "watch" | "submit", lines.at(-1));
  }
  await worker.killGroup();
});

test("errors are a document too, and nothing else is on standard output", async () => {
  const wrong: readonly (readonly [number, string[]])[] = [
    [2, ["rnu"]],
    [2, ["run", place("none.yaml")]],
    [2, ["run", place("cases.json")]],
    [2, ["plan", place("sweep.yaml"), "--resutls", "x"]],
    [2, ["query", place("nowhere"), "SELECT 1"]],
    [2, ["query", place("results/told"), "SELEC 1"]],
    [2, ["reproduce", place("results/told"), "99999999"]],
    [2, ["report", place("nowhere")]],
    [2, ["trace", place("none.json")]],
    [2, ["init", place("sweep.yaml"), "--yes"]],
    [2, ["schema", "nothing"]],
    [1, ["status", "--coordinator", "127.0.0.1:1"]],
    [1, ["pause", "nothing", "--coordinator", address]],
    [2, ["status", "--coordinator", "nonsense"]],
    [2, ["submit", place("none.yaml"), "--coordinator", address]],
  ];
  for (const [exit_code, args] of wrong) {
    const { code, stdout, stderr } = await phasesweep(...args, "--json");
    const document = JSON.parse(stdout);
    expectDocument("error", document);
    expect([code, document.exit_code], args.join(" ")).toEqual([exit_code, exit_code]);
    expect(stderr).toContain(document.error.problem);
    expect(stderr).toContain("fix: ");
    expect(stderr).not.toContain("    at ");
  }
});
