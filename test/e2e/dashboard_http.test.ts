import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { revokeHolder } from "../../cli/certificates/credentials_folder.ts";
import type {
  CellDetail,
  Checked,
  Refusal,
  SweepPlan,
  SweepSummary,
} from "../../coordinator/dashboard/messages.ts";
import { Cli, MAIN, pause, phasesweep, Spawned, sweepFile, temporaryFolder } from "./cli.ts";
import { DashboardClient } from "./dashboard_client.ts";

const SMALL = `
name: small
description: few cells
dataset: [example3, example4]
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 65 }
seeds: 8
`;
/** More than any machine computes during this test. */
const ENDLESS = `
name: endless
dataset: example3
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 1000
training: { steps: 50000 }
`;

const running: Spawned[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.killGroup();
});

function started<T extends Spawned>(one: T): T {
  running.push(one);
  return one;
}

const cli = (...args: string[]) => started(new Cli(...args));

async function refusal(answer: Promise<Response>): Promise<[number, string]> {
  const response = await answer;
  return [response.status, ((await response.json()) as Refusal).error];
}

/** Where the dashboard of a coordinator is that has said so. */
async function dashboardOf(coordinator: Spawned): Promise<DashboardClient> {
  const [, url = ""] = await coordinator.says(/dashboard(?: at|:) (http:\S+)\//);
  return new DashboardClient(url);
}

test("run --http shows the sweep while it runs, and ends with it", async () => {
  const results = join(temporaryFolder(), "results");
  const sweep = sweepFile(temporaryFolder(), ENDLESS);
  const run = cli("run", sweep, "--results", results, "--slots", "1", "--http", "127.0.0.1:0");
  const dashboard = await dashboardOf(run);
  const page = await dashboard.get("/");
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("<script")]);
  expect(page.headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; script-src 'self'/,
  );
  expect((await dashboard.get("/assets/page.js")).headers.get("content-type")).toMatch(
    /javascript/,
  );
  expect((await dashboard.get("/metrics")).status).toBe(200);

  const stream = dashboard.follow("sweep=endless&fleet=1");
  expect(await stream.has("hello")).toMatchObject({ single_sweep: true, may_submit: true });
  await stream.has("sweeps", ([one]) => one?.sweep === "endless" && one.cells_done > 0);
  await stream.has("fleet", ({ workers }) => workers.some(({ slots }) => slots === 1));
  await stream.has("notes", (notes) => notes.some(({ message }) => message === "worker connected"));
  expect(await refusal(dashboard.post("/api/submit", { sweep_file: SMALL }))).toEqual([
    409,
    expect.stringContaining("`phasesweep serve`"),
  ]);
  expect(await refusal(dashboard.get("/api/plan?sweep=other"))).toEqual([
    404,
    expect.stringContaining("no sweep 'other' here"),
  ]);

  const cancelled = await dashboard.post("/api/control", {
    sweep: "endless",
    control: "cancelled",
  });
  expect(await cancelled.json()).toMatchObject({ sweep: "endless", state: "cancelled" });
  expect(await stream.has("goodbye")).toEqual({ reason: "the run is over" });
  await stream.over;
  const { code, stderr } = await run.finished;
  expect(stderr).toContain("it was cancelled; what is committed is kept");
  expect(code).toBe(1);
});

test("run --open opens a browser, stays until Ctrl-C, and has the report", async () => {
  const folder = temporaryFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const opened = join(folder, "opened");
  writeFileSync(join(bin, "xdg-open"), `#!/bin/sh\necho "$1" > ${opened}\n`);
  chmodSync(join(bin, "xdg-open"), 0o755);
  const sweep = sweepFile(folder, SMALL);
  const { SSH_CONNECTION: _, SSH_TTY: __, ...env } = process.env;
  const path = `${bin}${delimiter}${process.env.PATH}`;
  const names = Object.entries({ ...env, PATH: path, DISPLAY: ":7" });
  const run = started(
    new Spawned("env", [
      ...["-i", ...names.map(([name, value]) => `${name}=${value}`)],
      ...[process.execPath, MAIN, "run", sweep, "--results", join(folder, "results"), "--open"],
    ]),
  );
  const dashboard = await dashboardOf(run);
  await run.says(/stays at (\S+) until Ctrl-C/);
  while (!existsSync(opened)) await pause(10);
  expect(readFileSync(opened, "utf8").trim()).toBe(`${dashboard.origin}/`);
  const [done] = await dashboard.follow().has("sweeps");
  expect(done).toMatchObject({ state: "done", cells_done: 2 * 57 * 8, error: "" });

  let report = await dashboard.get("/api/report?sweep=small");
  while (report.status === 202) {
    await report.text();
    await pause(500);
    report = await dashboard.get("/api/report?sweep=small");
  }
  expect(report.headers.get("content-security-policy")).toMatch(/^default-src 'none'.*sandbox$/);
  expect(await report.text()).toContain("few cells");
  expect(existsSync(join(folder, "results", "report.html"))).toBe(true);
  const again = dashboard.post("/api/control", { sweep: "small", control: "paused" });
  expect(await refusal(again)).toEqual([409, expect.stringContaining("the run is over")]);
  run.process.kill("SIGINT");
  expect((await run.finished).code).toBe(0);
});

test("a sweep is handed in, watched, paused, resumed and cancelled", async () => {
  const results = join(temporaryFolder(), "results");
  const server = cli(
    ...["serve", "--listen", "127.0.0.1:0", "--results", results, "--http", "127.0.0.1:0"],
    ...["--shard-seconds", "0.1"],
  );
  const dashboard = await dashboardOf(server);
  const [, address = ""] = await server.says(/listens on (\S+),/);
  const stream = dashboard.follow("fleet=1");
  expect(await stream.has("sweeps")).toEqual([]);

  const checked = await dashboard.post("/api/check", { sweep_file: SMALL });
  expect((await checked.json()) as Checked).toMatchObject({
    ...{ sweep: "small", cells: 912, groups: 2 },
    text: expect.stringContaining("sweep small: few cells"),
  });
  const misspelt = { sweep_file: SMALL.replace("seeds", "sedes") };
  for (const path of ["/api/check", "/api/submit"]) {
    expect(await refusal(dashboard.post(path, misspelt))).toEqual([
      400,
      expect.stringMatching(/^sweep\.yaml:8:1: unknown key 'sedes'[\s\S]*fix: /),
    ]);
  }
  const secret = `${SMALL}`.replace("[example3, example4]", "{ csv: /etc/passwd, label: root }");
  expect(await refusal(dashboard.post("/api/submit", { sweep_file: secret }))).toEqual([
    400,
    expect.stringMatching(/coordinator's machine[\s\S]*`phasesweep submit/),
  ]);
  expect(existsSync(join(results, "small"))).toBe(false);

  const submitted = await dashboard.post("/api/submit", { sweep_file: ENDLESS, priority: 3 });
  expect(await submitted.json()).toEqual({
    ...{ sweep: "endless", existing: false, cells_cached: 0, notes: [] },
  });
  await stream.has("sweeps", (sweeps) => sweeps.some(({ priority }) => priority === 3));
  cli("worker", "--coordinator", address, "--slots", "1");
  await stream.has("sweeps", ([one]) => one !== undefined && one.cells_done > 0);
  const watching = dashboard.follow("sweep=endless");
  const change = await watching.has("cells");
  const plan = (await (await dashboard.get("/api/plan?sweep=endless")).json()) as SweepPlan;
  expect(plan).toMatchObject({ sweep: "endless", cells: 897 * 1_000 });
  expect(change.version).toBe(plan.version);
  const [cell] = change.runs;
  const detail = await dashboard.get(`/api/cell?sweep=endless&cell=${cell}`);
  expect((await detail.json()) as CellDetail).toMatchObject({ sweep: "endless", cell });
  for (const wrong of ["-1", "1.5", "x", String(10 ** 15)]) {
    const answer = await dashboard.get(`/api/cell?sweep=endless&cell=${wrong}`);
    expect(answer.status, wrong).toBe(400);
  }
  const { workers } = await stream.has("fleet", (fleet) => fleet.workers.length > 0);
  const worker = await dashboard.get(`/api/worker?worker=${workers[0]!.worker}`);
  expect(await worker.json()).toMatchObject({ slots: 1, connected: true });
  expect((await dashboard.get("/api/worker?worker=nobody")).status).toBe(404);
  expect(await (await dashboard.get("/api/failures?sweep=endless")).json()).toEqual([]);
  expect((await dashboard.get("/api/report?sweep=endless")).status).toBe(409);

  const control = async (wish: object) => {
    const answer = await dashboard.post("/api/control", { sweep: "endless", ...wish });
    return (await answer.json()) as SweepSummary;
  };
  expect(await control({ control: "paused" })).toMatchObject({ state: "paused" });
  await stream.has("sweeps", (sweeps) => sweeps.some(({ state }) => state === "paused"));
  const { stdout } = await phasesweep("status", "--json", "--coordinator", address);
  expect(JSON.parse(stdout).sweeps).toMatchObject([{ sweep: "endless", state: "paused" }]);
  expect(await control({ control: "running", priority: -2 })).toMatchObject({
    ...{ state: "running", priority: -2 },
  });
  expect(await control({ control: "cancelled" })).toMatchObject({ state: "cancelled" });
  await stream.has("sweeps", (sweeps) => sweeps.some(({ state }) => state === "cancelled"));
  expect(await control({ control: "paused" })).toMatchObject({
    error: expect.stringContaining("it is cancelled and cannot become paused"),
  });
  expect(await control({})).toMatchObject({ error: expect.stringContaining("neither control") });
  await stream.close();
  await watching.close();
});

test("a browser follows whichever coordinator leads, with the credentials of the gateway", async () => {
  const folder = temporaryFolder();
  const credentials = join(folder, "credentials");
  await phasesweep("certs", credentials);
  // Where it is used a folder of credentials is a copy, which nobody takes away.
  cpSync(join(credentials, "read"), join(folder, "read"), { recursive: true });
  cpSync(join(credentials, "submit"), join(folder, "submit"), { recursive: true });
  const endpoint = join(folder, "endpoint");
  const serve = () =>
    cli(
      ...["serve", "--listen", "127.0.0.1:0", "--results", join(folder, "shared")],
      ...["--shared-results", "--endpoint-file", endpoint, "--http", "127.0.0.1:0"],
      ...["--credentials", join(credentials, "coordinator")],
    );
  const gateway = (role: string) =>
    cli(
      ...["dashboard", "--coordinator", `file:${endpoint}`, "--no-open", "--json"],
      ...["--credentials", join(folder, role)],
    );
  const enter = async (one: Cli) => {
    while (!one.stdout.includes("\n")) await pause(10);
    return DashboardClient.enter(JSON.parse(one.stdout).url);
  };
  const first = serve();
  await first.says(/listens on/);
  const gateways = [gateway("read"), gateway("submit")];
  const [reader, submitter] = (await Promise.all(gateways.map(enter))) as [
    DashboardClient,
    DashboardClient,
  ];
  const [reading, stream] = [reader.follow(), submitter.follow()];
  expect(await reading.has("hello")).toMatchObject({ may_submit: false });
  const { epoch } = await stream.has("hello", ({ may_submit }) => may_submit);
  expect(await refusal(reader.post("/api/submit", { sweep_file: SMALL }))).toEqual([
    403,
    expect.stringContaining("role submit"),
  ]);
  expect((await submitter.post("/api/submit", { sweep_file: SMALL })).status).toBe(200);
  await reading.has("sweeps", ([one]) => one?.sweep === "small");
  const paused = { sweep: "small", control: "paused" };
  expect((await refusal(reader.post("/api/control", paused)))[0]).toBe(403);
  expect((await submitter.post("/api/control", paused)).status).toBe(200);

  // Another coordinator takes over: the stream ends with the reason, and goes on where it was.
  const second = serve();
  await second.says(/holds .*waiting/);
  first.process.kill("SIGTERM");
  expect(await stream.has("goodbye")).toMatchObject({ reason: expect.stringMatching(/stopping/) });
  await stream.over;
  await second.says(/listens on/);
  const next = submitter.follow();
  expect((await next.has("hello")).epoch).toBeGreaterThan(epoch);
  expect(await next.has("sweeps")).toMatchObject([{ sweep: "small", state: "paused" }]);
  expect((await submitter.post("/api/control", { ...paused, control: "running" })).status).toBe(
    200,
  );

  // Whoever is revoked loses the stream that is open, too.
  const last = reader.follow();
  await last.has("hello");
  revokeHolder(credentials, "read");
  expect(await last.has("goodbye")).toMatchObject({ reason: expect.stringMatching(/revoked/) });
  await last.over;
  const revoked = await refusal(reader.get("/api/failures?sweep=small"));
  expect(revoked).toEqual([401, expect.stringContaining("it was revoked")]);
  expect((await next.has("hello")).may_submit).toBe(true);

  // Nobody leads: the page is told, and hears of the next one from the same place.
  second.process.kill("SIGKILL");
  await next.over;
  expect(await refusal(submitter.get("/api/plan?sweep=small"))).toEqual([
    503,
    expect.stringContaining("no coordinator leads there now"),
  ]);
  await next.close();
  gateways[1]!.process.kill("SIGTERM");
  expect((await gateways[1]!.finished).code).toBe(0);
});

test("without credentials a coordinator is reached by every name that its machine has", async () => {
  // A name that leads to loopback, as that of one's own machine does on Debian.
  const name = "127.1";
  const coordinator = cli(
    ...["serve", "--listen", "127.0.0.1:0", "--http", "0.0.0.0:0", "--insecure"],
    ...["--results", temporaryFolder()],
  );
  const [, port] = await coordinator.says(/listens on [\d.]+:(\d+)/);
  const gateway = cli(
    ...["dashboard", "--coordinator", `${name}:${port}`, "--insecure", "--no-open", "--json"],
  );
  while (!gateway.stdout.includes("\n")) await pause(10);
  const stream = (await DashboardClient.enter(JSON.parse(gateway.stdout).url)).follow();
  expect(await stream.has("hello")).toMatchObject({ may_submit: true });
  await stream.close();
});
