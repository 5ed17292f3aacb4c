import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";
import { CREDENTIAL_FILES } from "../../shared/security/credentials.ts";
import { skipBecause, temporaryFolder } from "../e2e/cli.ts";

const FOLDER = join(packageRoot, "deploy/systemd");
const UNITS = readdirSync(FOLDER).filter((name) => name.endsWith(".service"));

/** What systemd has against units; the program that they start need not be installed here. */
function verify(change: (text: string) => string): { status: number | null; stderr: string } {
  const folder = join(temporaryFolder(), "units");
  mkdirSync(folder);
  const paths = UNITS.map((name) => {
    const text = readFileSync(join(FOLDER, name), "utf8");
    const path = join(folder, name);
    writeFileSync(path, change(text.replaceAll("/usr/local/bin/phasesweep", "/bin/true")));
    return path;
  });
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", ...paths], {
    encoding: "utf8",
  });
  return { status, stderr };
}

const found = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" });
const version = Number(/systemd (\d+)/.exec(found.stdout ?? "")?.[1] ?? 0);
/** That of `%d` and of credentials in units. */
const VERSION_MIN = 250;
const problem =
  version >= VERSION_MIN
    ? undefined
    : `systemd-analyze of systemd ${VERSION_MIN} is not installed: apt-get install systemd`;

test("systemd takes the units as they are", ({ skip }) => {
  skipBecause(problem, skip);
  expect(verify((text) => text)).toEqual({ status: 0, stderr: "" });
});

test("a misspelt setting, a wrong value and a missing program are found", ({ skip }) => {
  skipBecause(problem, skip);
  expect(verify((text) => text.replace("KillSignal", "KillSignall")).stderr).toContain(
    "Unknown key 'KillSignall'",
  );
  expect(verify((text) => text.replace("=strict", "=strickt")).stderr).toContain("strickt");
  const gone = verify((text) => text.replace("/bin/true", "/bin/gone"));
  expect(gone.status).not.toBe(0);
});

test("units load the files that their role folder has, all of them", () => {
  const { authority, certificate, key, token, tokens } = CREDENTIAL_FILES;
  for (const [unit, role, own] of [
    ["phasesweep-coordinator.service", "coordinator", tokens],
    ["phasesweep-worker.service", "work", token],
  ] as const) {
    const text = readFileSync(join(FOLDER, unit), "utf8");
    const loaded = [
      ...text.matchAll(/^LoadCredential=(\S+):\/etc\/phasesweep\/credentials\/(\S+)$/gm),
    ];
    expect(loaded.map(([, name, path]) => [name, path])).toEqual(
      [authority, certificate, key, own].map((name) => [name, `${role}/${name}`]),
    );
    for (const setting of [
      "NoNewPrivileges=yes",
      "ProtectSystem=strict",
      "CapabilityBoundingSet=",
    ]) {
      expect(text).toContain(`\n${setting}\n`);
    }
  }
});
