import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Cli, MAIN, phasesweep, Spawned, temporaryFolder } from "./cli.ts";
import { documentOf, expectDocument } from "./documents.ts";

const folder = temporaryFolder();
const running: Spawned[] = [];
afterAll(() => Promise.all(running.map((each) => each.killGroup())));

const FREE = "127.0.0.1:0";

function start(...args: string[]): Cli {
  const started = new Cli(...args);
  running.push(started);
  return started;
}

/** The first line that a command prints. */
async function firstLine(command: Spawned): Promise<string> {
  const [, line = ""] = await command.says(/^(.*)\n/, "stdout");
  return line;
}

test("scripts read where a coordinator and a worker are to be reached, and how they ended", async () => {
  const results = join(folder, "results");
  const at = ["--listen", FREE, "--http", FREE, "--results", results];
  const server = start("serve", ...at, "--json");
  const { listening } = documentOf("serve", await firstLine(server));
  expect(listening).toMatchObject({ leads: true, results });
  expect((await fetch(`${listening.http}readyz`)).status).toBe(200);

  const joined = ["--coordinator", listening.address, "--slots", "1"];
  const worker = start("worker", ...joined, "--http", FREE, "--name", "it", "--json");
  const { started } = documentOf("worker", await firstLine(worker));
  expect(started).toMatchObject({ worker: "it", coordinator: listening.address });
  expect((await fetch(`${started.http}healthz`)).status).toBe(200);
  await worker.says(/connected/);

  for (const [name, command] of [
    ["worker", worker],
    ["serve", server],
  ] as const) {
    command.process.kill("SIGTERM");
    const { code, stdout, stderr } = await command.finished;
    const lines = stdout.trimEnd().split("\n");
    expect([code, lines.length], stderr).toEqual([0, 2]);
    expect(documentOf(name, lines[1]!)).toHaveProperty("ended.reason");
    // The log is JSON too, though --log-format did not say so.
    for (const line of stderr.trimEnd().split("\n"))
      expect(JSON.parse(line)).toHaveProperty("level");
  }
});

test("what goes wrong is the last line, with the exit code", async () => {
  const failures: readonly (readonly [number, string[]])[] = [
    [2, ["serve", "--listen", "0.0.0.0:0", "--results", join(folder, "open")]],
    [2, ["serve", "--lease-seconds", "soon"]],
    [2, ["worker", "--slots", "0", "--backend", "wasm"]],
    [1, ["worker", "--coordinator", "127.0.0.1:1", "--connect-timeout", "1"]],
  ];
  for (const [exit_code, args] of failures) {
    const { code, stdout } = await phasesweep(...args, "--json");
    const last = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    expectDocument("error", last);
    expect([code, last.exit_code], args.join(" ")).toEqual([exit_code, exit_code]);
  }
});

test("who has read the port may leave, and the coordinator goes on", async () => {
  const results = join(folder, "unheard");
  const command = `${process.execPath} ${MAIN} serve --listen ${FREE} --results ${results} --json`;
  const shell = new Spawned("bash", ["-c", `exec ${command} > >(head -n 1 >&2)`]);
  running.push(shell);
  const [, address = ""] = await shell.says(/"address":"(\S+?)"/);
  expect((await phasesweep("health", "--coordinator", address)).code).toBe(0);
  shell.process.kill("SIGTERM");
  // Its last line finds no reader.
  expect((await shell.finished).code).toBe(0);
});
