import { createPrivateKey, X509Certificate } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import {
  addHolder,
  makeCredentials,
  renewCredentials,
  revokeHolder,
} from "../../cli/certificates/credentials_folder.ts";
import * as der from "../../cli/certificates/der.ts";
import {
  COORDINATOR_NAME,
  readClientCredentials,
  readIdentity,
} from "../../shared/security/credentials.ts";
import { judge, parseTokens } from "../../shared/security/token_book.ts";

const NOW_MS = Date.UTC(2026, 10, 26);
const DAY_MS = 86_400_000;
let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "phasesweep-certs-")), "credentials");
});

const certificate = (name: string) =>
  new X509Certificate(readFileSync(join(folder, name, "cert.pem")));
const tokens = () => parseTokens(readFileSync(join(folder, "coordinator", "tokens.json"), "utf8"));
const tokenOf = (name: string) => readFileSync(join(folder, name, "token"), "utf8").trim();
const keyOf = (name: string) => certificate(name).toLegacyObject().pubkey!;

test("DER is as the standard writes it", () => {
  expect(der.objectId("1.2.840.10045.4.3.2").toString("hex")).toBe("06082a8648ce3d040302");
  expect(der.integer(Buffer.from([0, 0x80])).toString("hex")).toBe("02020080");
  expect(der.integer(Buffer.from([0])).toString("hex")).toBe("020100");
  expect(der.octets(Buffer.alloc(200)).subarray(0, 3).toString("hex")).toBe("0481c8");
  expect(der.octets(Buffer.alloc(300)).subarray(0, 4).toString("hex")).toBe("0482012c");
  expect(der.time(new Date(Date.UTC(2049, 11, 31, 23, 59, 59))).toString("latin1")).toBe(
    "\x17\r491231235959Z",
  );
  expect(der.time(new Date(Date.UTC(2050, 0, 1))).toString("latin1")).toBe(
    "\x18\x0f20500101000000Z",
  );
});

test("OpenSSL reads the certificates, and believes them for what they are meant for", () => {
  makeCredentials(folder, 30, NOW_MS);
  const ca = new X509Certificate(readFileSync(join(folder, "ca", "ca.pem")));
  expect(ca.ca).toBe(true);
  expect(ca.verify(ca.publicKey)).toBe(true);
  for (const name of ["coordinator", "read", "submit", "work"]) {
    const leaf = certificate(name);
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.subject).toBe(`CN=${name}`);
    expect(
      leaf.checkPrivateKey(createPrivateKey(readFileSync(join(folder, name, "key.pem")))),
    ).toBe(true);
    expect(Date.parse(leaf.validTo)).toBe(NOW_MS + 30 * DAY_MS);
    expect(Date.parse(leaf.validFrom)).toBeLessThan(NOW_MS);
    // serverAuth and clientAuth: a worker's certificate is no coordinator's.
    const isServer = name === "coordinator";
    expect(leaf.keyUsage).toEqual([`1.3.6.1.5.5.7.3.${isServer ? 1 : 2}`]);
    expect(leaf.checkHost(COORDINATOR_NAME)).toBe(isServer ? COORDINATOR_NAME : undefined);
  }
  const serials = new Set(
    ["ca/ca.pem", "coordinator/cert.pem", "work/cert.pem"].map(
      (path) => new X509Certificate(readFileSync(join(folder, path))).serialNumber,
    ),
  );
  expect(serials.size).toBe(3);
});

test("only their owner can read them", () => {
  makeCredentials(folder, 30, NOW_MS);
  const walk = (path: string): void => {
    const found = statSync(path);
    expect([path, found.mode & 0o777]).toEqual([path, found.isDirectory() ? 0o700 : 0o600]);
    if (found.isDirectory()) for (const name of readdirSync(path)) walk(join(path, name));
  };
  walk(folder);
});

test("a coordinator's file has no token, and tokens are 256 bits", () => {
  makeCredentials(folder, 30, NOW_MS);
  const text = readFileSync(join(folder, "coordinator", "tokens.json"), "utf8");
  for (const name of ["read", "submit", "work"]) {
    expect(Buffer.from(tokenOf(name), "base64url")).toHaveLength(32);
    expect(text).not.toContain(tokenOf(name));
    expect(readdirSync(join(folder, name)).sort()).toEqual([
      "ca.pem",
      "cert.pem",
      "key.pem",
      "token",
    ]);
  }
  expect(readdirSync(join(folder, "coordinator")).sort()).toEqual([
    "ca.pem",
    "cert.pem",
    "key.pem",
    "tokens.json",
  ]);
});

test("what is there is not overwritten; renewing keeps keys and the CA", () => {
  makeCredentials(folder, 30, NOW_MS);
  expect(() => makeCredentials(folder, 30, NOW_MS)).toThrow(
    /there are credentials already.*--renew/s,
  );
  const before = {
    ca: readFileSync(join(folder, "ca", "ca.pem")),
    token: tokenOf("work"),
    work: certificate("work"),
  };
  renewCredentials(folder, 60, NOW_MS + DAY_MS);
  expect(readFileSync(join(folder, "ca", "ca.pem"))).toEqual(before.ca);
  expect(tokenOf("work")).toBe(before.token);
  const after = certificate("work");
  expect(after.serialNumber).not.toBe(before.work.serialNumber);
  expect(Date.parse(after.validTo)).toBe(NOW_MS + 61 * DAY_MS);
  expect(tokens().map(({ expires }) => Date.parse(expires))).toEqual(
    Array(3).fill(NOW_MS + 61 * DAY_MS),
  );
  // The certificate of before goes on being good for the token.
  const key = before.work.toLegacyObject().pubkey;
  expect(judge(tokens(), `Bearer ${before.token}`, key, "work", NOW_MS)).toHaveProperty("holder");
});

test("what cannot be finished leaves nothing that looks like credentials", () => {
  mkdirSync(folder);
  // Its folder is to be made where this file is.
  writeFileSync(join(folder, "submit"), "mine");
  expect(() => makeCredentials(folder, 30, NOW_MS)).toThrow();
  expect(readdirSync(folder)).toEqual(["submit"]);
  expect(readFileSync(join(folder, "submit"), "utf8")).toBe("mine");
  rmSync(join(folder, "submit"));
  expect(makeCredentials(folder, 30, NOW_MS)).toHaveLength(3);
  expect(() => makeCredentials(join(folder, "read", "token"), 30, NOW_MS)).toThrow(
    /it is a file, not a folder/,
  );
});

test("holders come and go", () => {
  makeCredentials(folder, 30, NOW_MS);
  addHolder(folder, { name: "rack2", role: "work" }, 30, NOW_MS);
  const bearer = `Bearer ${tokenOf("rack2")}`;
  const key = keyOf("rack2");
  expect(judge(tokens(), bearer, key, "work", NOW_MS)).toMatchObject({ holder: { name: "rack2" } });
  for (const name of ["rack2", "ca", "coordinator", "../x", "A", "", "a/b"]) {
    expect(() => addHolder(folder, { name, role: "work" }, 30, NOW_MS)).toThrow(/name/);
  }
  revokeHolder(folder, "rack2");
  expect(judge(tokens(), bearer, key, "work", NOW_MS)).toMatchObject({
    refused: "unauthenticated",
    reason: /revoked/,
  });
  expect(() => revokeHolder(folder, "rack2")).toThrow(
    /no holder of this name.*read, submit, work/s,
  );
  expect(() => addHolder(join(folder, "work"), { name: "x", role: "work" }, 30, NOW_MS)).toThrow(
    /`phasesweep certs` made/,
  );
});

test("a call is judged by token, key, time and role", () => {
  makeCredentials(folder, 30, NOW_MS);
  const bearer = (name: string) => `Bearer ${tokenOf(name)}`;
  const verdict = (name: string, key: string, role: "read" | "submit" | "work", now_ms = NOW_MS) =>
    judge(tokens(), bearer(name), keyOf(key), role, now_ms);
  for (const [name, allowed] of [
    ["read", ["read"]],
    ["submit", ["read", "submit"]],
    ["work", ["work"]],
  ] as const) {
    for (const role of ["read", "submit", "work"] as const) {
      const found = verdict(name, name, role);
      if ((allowed as readonly string[]).includes(role))
        expect(found).toHaveProperty("holder.name", name);
      else
        expect(found).toMatchObject({
          refused: "denied",
          reason: expect.stringContaining(`needs the role ${role}`),
        });
    }
  }
  expect(verdict("work", "read", "work")).toMatchObject({
    refused: "unauthenticated",
    reason: expect.stringContaining("not its own"),
  });
  expect(verdict("work", "work", "work", NOW_MS + 31 * DAY_MS)).toMatchObject({
    reason: expect.stringContaining("--renew"),
  });
  for (const authorization of [
    undefined,
    "",
    "Bearer ",
    tokenOf("work"),
    `Basic ${tokenOf("work")}`,
    `${bearer("work")} `,
  ]) {
    expect(judge(tokens(), authorization, keyOf("work"), "work", NOW_MS)).toMatchObject({
      refused: "unauthenticated",
    });
  }
  // No reason has the token in it.
  expect(JSON.stringify(verdict("work", "read", "work"))).not.toContain(tokenOf("work"));
});

test("a folder that is unusable is named, with what is wrong", () => {
  makeCredentials(folder, 30, NOW_MS);
  const work = join(folder, "work");
  expect(readClientCredentials(work, NOW_MS).token).toBe(tokenOf("work"));
  expect(() => readClientCredentials(join(folder, "coordinator"), NOW_MS)).toThrow(
    /token.*DIR\/work/s,
  );
  expect(() => readIdentity(join(folder, "nowhere"), NOW_MS)).toThrow(/no such file.*DIR\/work/s);
  expect(() => readIdentity(work, NOW_MS + 31 * DAY_MS)).toThrow(/expired on .*--renew/s);
  expect(() => readIdentity(work, NOW_MS - DAY_MS)).toThrow(/not valid before .*clock/s);
});
