import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Cli, phasesweep, temporaryFolder } from "./cli.ts";

interface Found {
  readonly check: string;
  readonly state: string;
  readonly found: string;
}

async function doctor(...args: string[]) {
  const { code, stdout } = await phasesweep("doctor", "--json", ...args);
  const { checks } = JSON.parse(stdout) as { checks: Found[] };
  const of = (name: string) => checks.find(({ check }) => check === name);
  return { code, of };
}

test("what is asked for and does not work makes it fail, and says why", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "file");
  writeFileSync(file, "");
  const broken = await doctor("--results", file, "--backend", "cuda");
  expect(broken.code).toBe(1);
  expect(broken.of("results")).toMatchObject({ state: "problem" });
  expect(broken.of("backend")).toMatchObject({ state: "problem" });
  const sound = await doctor("--results", join(folder, "a", "b"));
  expect(sound.code).toBe(0);
  expect(sound.of("results")).toMatchObject({ state: "ok" });

  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const taken = await doctor("--listen", `127.0.0.1:${port}`);
  server.close();
  expect(taken.code).toBe(1);
  expect(taken.of("port")?.found).toContain("EADDRINUSE");
});

test("people are told at the end what to do now", async () => {
  const folder = temporaryFolder();
  const sound = await phasesweep("doctor", "--results", folder, "--listen", "127.0.0.1:0");
  expect(sound.stdout.trimEnd().split("\n").at(-1)).toContain("`phasesweep init sweep.yaml`");
  const file = join(folder, "file");
  writeFileSync(file, "");
  const broken = await phasesweep("doctor", "--results", file);
  expect(broken.stdout).toContain("fix: give the path of a folder");
  expect(broken.stdout.trimEnd().split("\n").at(-1)).toMatch(/^PROBLEM: /);
});

test("a coordinator is asked with credentials of each role, and strangers are told why not", async () => {
  const folder = temporaryFolder();
  const [ours, others] = [join(folder, "ours"), join(folder, "others")];
  for (const credentials of [ours, others]) await phasesweep("certs", credentials);
  const server = new Cli(
    ...["serve", "--listen", "127.0.0.1:0", "--results", join(folder, "results")],
    ...["--credentials", join(ours, "coordinator")],
  );
  const [, address = ""] = await server.says(/listens on (\S+),/);
  const as = (place: string, role: string) =>
    doctor("--coordinator", address, "--credentials", join(place, role));
  for (const role of ["read", "submit"]) {
    const { code, of } = await as(ours, role);
    expect(code).toBe(0);
    expect(of("coordinator")).toMatchObject({ state: "ok" });
    expect(of("clock")).toMatchObject({ state: "ok" });
    expect(of("workers")).toMatchObject({ state: "warning" });
    expect(of("credentials")?.found).toContain("valid until");
  }
  expect((await as(ours, "work")).of("coordinator")?.found).toContain("may work");
  const stranger = await as(others, "read");
  expect(stranger.code).toBe(1);
  expect(stranger.of("coordinator")?.found).toContain("not of the CA in ca.pem");
  await server.killGroup();
  const gone = await as(ours, "read");
  expect(gone.code).toBe(1);
  expect(gone.of("coordinator")?.found).toContain("no coordinator answers");
});
