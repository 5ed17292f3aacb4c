import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cli, phasesweep, type Spawned, temporaryFolder } from "../e2e/cli.ts";

const folder = temporaryFolder();
const credentials = join(folder, "credentials");
let server: Spawned;
let address = "";

beforeAll(async () => {
  expect((await phasesweep("certs", credentials)).code).toBe(0);
  server = new Cli(
    ...["serve", "--listen", "127.0.0.1:0", "--results", join(folder, "results")],
    ...["--credentials", join(credentials, "coordinator")],
  );
  [, address = ""] = await server.says(/listens on (\S+),/);
});
afterAll(() => server.killGroup());

function health(at: string, ...more: string[]) {
  const read = ["--credentials", join(credentials, "read")];
  return phasesweep("health", "--coordinator", at, ...read, ...more);
}

test("a coordinator that serves is healthy, also beside one that is gone", async () => {
  for (const more of [[], ["--live"]]) {
    const { code, stdout } = await health(address, ...more);
    expect(code).toBe(0);
    expect(stdout).toBe(`${address} SERVING\n`);
  }
  const both = await health(`127.0.0.1:1,${address}`);
  expect(both.code).toBe(0);
  expect(both.stdout).toMatch(/^127\.0\.0\.1:1 UNAVAILABLE: .*refused|ECONNREFUSED/i);
});

test("who does not answer, or does not believe the caller, is not", async () => {
  expect((await health("127.0.0.1:1")).code).toBe(1);
  const stranger = await phasesweep("health", "--coordinator", address, "--timeout", "2");
  expect(stranger.code).toBe(1);
  expect(stranger.stdout).not.toContain("SERVING");
});

test("without credentials another machine is not asked", async () => {
  const { code, stderr } = await phasesweep("health", "--coordinator", "192.0.2.1:7070");
  expect(code).toBe(2);
  expect(stderr).toContain("--credentials DIR");
});
