import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf, UsageError } from "../../shared/errors.ts";
import { COORDINATOR_NAME, CREDENTIAL_FILES } from "../../shared/security/credentials.ts";
import { ROLES, type Role } from "../../shared/security/roles.ts";
import {
  formatTokens,
  keySha256,
  parseTokens,
  type TokenEntry,
  tokenSha256,
} from "../../shared/security/token_book.ts";
import { certificatePem, type Issuer } from "./certificate.ts";

/** 256 random bits. */
const TOKEN_BYTES = 32;
const DAY_MS = 86_400_000;
/** Certificates begin to be valid so long ago, for machines whose clocks are behind. */
const BACKDATED_MS = 3_600_000;
/** An authority outlives what it signs; it lasts at least so long. */
const AUTHORITY_DAYS_MIN = 3_650;
const AUTHORITY = "ca";
const COORDINATOR = "coordinator";
const AUTHORITY_SUBJECT = "phasesweep private CA";
const HOLDER_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Who has credentials: a name, which is its folder's, and what it may do. */
export interface Holder {
  readonly name: string;
  readonly role: Role;
}

/** Makes the folder with an authority, the coordinator, and a holder for each role. @throws UsageError */
export function makeCredentials(folder: string, days: number, now_ms: number): Holder[] {
  if (existsSync(join(folder, AUTHORITY)) || existsSync(join(folder, COORDINATOR))) {
    throw new UsageError({
      place: folder,
      problem: "there are credentials already, and whoever holds them would be shut out",
      fix: "renew them with --renew, add a holder with --add ROLE --name NAME, or give a new folder",
    });
  }
  const holders = ROLES.map((role) => ({ name: role, role }));
  const fresh = [AUTHORITY, COORDINATOR, ...ROLES].filter(
    (name) => !existsSync(join(folder, name)),
  );
  makeFolder(folder);
  try {
    const issuer = makeAuthority(folder, days, now_ms);
    const { publicKey } = writeIdentity(folder, COORDINATOR, newKey());
    writeCertificate(folder, issuer, COORDINATOR, publicKey, validity(days, now_ms));
    writeTokens(folder, []);
    for (const holder of holders) addWith(folder, issuer, holder, days, now_ms);
  } catch (error) {
    // Half of it would be taken for credentials that are there already.
    for (const name of fresh) rmSync(join(folder, name), { recursive: true, force: true });
    throw Object.assign(error as Error, { path: folder });
  }
  return holders;
}

/** Adds a holder, who gets a folder of that name. @throws UsageError */
export function addHolder(folder: string, holder: Holder, days: number, now_ms: number): void {
  const issuer = readAuthority(folder);
  const { name } = holder;
  const isReserved = name === AUTHORITY || name === COORDINATOR;
  if (isReserved || !HOLDER_NAME.test(name)) {
    throw new UsageError({
      place: `--name ${name}`,
      problem: "it cannot be the name of a holder and of its folder",
      fix: "give a short name of lower-case letters, digits and hyphens, such as rack2",
    });
  }
  const isThere = readTokens(folder).some((entry) => entry.name === name);
  if (isThere || existsSync(join(folder, name))) {
    throw new UsageError({
      place: join(folder, name),
      problem: "there is a holder of this name",
      fix: `give another --name, or first take its rights with --revoke ${name}`,
    });
  }
  addWith(folder, issuer, holder, days, now_ms);
}

/**
 * New certificates for the coordinator and every holder, and later ends for their tokens. Keys and
 * tokens stay, so that old and new certificates go side by side while folders are copied.
 */
export function renewCredentials(folder: string, days: number, now_ms: number): Holder[] {
  const issuer = readAuthority(folder);
  const valid = validity(days, now_ms);
  const tokens = readTokens(folder);
  for (const name of [COORDINATOR, ...tokens.map((entry) => entry.name)]) {
    const key = readKey(folder, name);
    writeCertificate(folder, issuer, name, key.publicKey, valid);
  }
  writeTokens(
    folder,
    tokens.map((entry) => ({ ...entry, expires: valid.until.toISOString() })),
  );
  return tokens.map(({ name, role }) => ({ name, role }));
}

/** Takes a holder's rights, and removes its folder here. @throws UsageError if there is none such */
export function revokeHolder(folder: string, name: string): Holder {
  const tokens = readTokens(folder);
  const revoked = tokens.find((entry) => entry.name === name);
  if (revoked === undefined) {
    throw new UsageError({
      place: `--revoke ${name}`,
      problem: "there is no holder of this name",
      fix: `give one of ${tokens.map((entry) => entry.name).join(", ")}`,
    });
  }
  writeTokens(
    folder,
    tokens.filter((entry) => entry.name !== name),
  );
  rmSync(join(folder, name), { recursive: true, force: true });
  return { name, role: revoked.role };
}

function addWith(
  folder: string,
  issuer: Issuer,
  { name, role }: Holder,
  days: number,
  now_ms: number,
): void {
  const valid = validity(days, now_ms);
  const { publicKey } = writeIdentity(folder, name, newKey());
  const pem = writeCertificate(folder, issuer, name, publicKey, valid);
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  writeSecret(join(folder, name, CREDENTIAL_FILES.token), `${token}\n`);
  const entry: TokenEntry = {
    name,
    role,
    token_sha256: tokenSha256(token),
    key_sha256: keySha256(new X509Certificate(pem).toLegacyObject().pubkey!),
    expires: valid.until.toISOString(),
  };
  writeTokens(folder, [...readTokens(folder), entry]);
}

interface Key {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function newKey(): Key {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function makeAuthority(folder: string, days: number, now_ms: number): Issuer {
  const key = newKey();
  makeFolder(join(folder, AUTHORITY));
  writeSecret(join(folder, AUTHORITY, CREDENTIAL_FILES.key), pemOf(key.privateKey));
  const issuer = { subject: AUTHORITY_SUBJECT, ...key };
  const { from, until } = validity(Math.max(AUTHORITY_DAYS_MIN, 2 * days), now_ms);
  const content = { subject: AUTHORITY_SUBJECT, publicKey: key.publicKey, from, until };
  const pem = certificatePem({ ...content, use: "authority" }, issuer);
  writeSecret(join(folder, AUTHORITY, CREDENTIAL_FILES.authority), pem);
  return issuer;
}

/** @throws UsageError if the folder has none */
function readAuthority(folder: string): Issuer {
  return { subject: AUTHORITY_SUBJECT, ...readKey(folder, AUTHORITY) };
}

function readKey(folder: string, name: string): Key {
  const path = join(folder, name, CREDENTIAL_FILES.key);
  try {
    const privateKey = createPrivateKey(readFileSync(path));
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch (error) {
    throw notMade(path, messageOf(error));
  }
}

/** The folder of a name with its key and the authority's certificate. */
function writeIdentity(folder: string, name: string, key: Key): Key {
  makeFolder(join(folder, name));
  const authority = readFileSync(join(folder, AUTHORITY, CREDENTIAL_FILES.authority));
  writeSecret(join(folder, name, CREDENTIAL_FILES.authority), authority);
  writeSecret(join(folder, name, CREDENTIAL_FILES.key), pemOf(key.privateKey));
  return key;
}

function writeCertificate(
  folder: string,
  issuer: Issuer,
  name: string,
  publicKey: KeyObject,
  { from, until }: { readonly from: Date; readonly until: Date },
): string {
  const isServer = name === COORDINATOR;
  const use = isServer ? { use: "server" as const, dnsName: COORDINATOR_NAME } : CLIENT;
  const pem = certificatePem({ subject: name, publicKey, from, until, ...use }, issuer);
  writeSecret(join(folder, name, CREDENTIAL_FILES.certificate), pem);
  return pem;
}

const CLIENT = { use: "client" as const };

function readTokens(folder: string): readonly TokenEntry[] {
  const path = join(folder, COORDINATOR, CREDENTIAL_FILES.tokens);
  try {
    return parseTokens(readFileSync(path, "utf8"));
  } catch (error) {
    throw notMade(path, messageOf(error));
  }
}

function writeTokens(folder: string, tokens: readonly TokenEntry[]): void {
  writeSecret(join(folder, COORDINATOR, CREDENTIAL_FILES.tokens), formatTokens(tokens));
}

function validity(days: number, now_ms: number) {
  return { from: new Date(now_ms - BACKDATED_MS), until: new Date(now_ms + days * DAY_MS) };
}

/** @throws UsageError where a file is in the way */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) {
    const fix = "give the path of a folder";
    throw new UsageError({ place: path, problem: "it is a file, not a folder", fix });
  }
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
}

/** For its owner alone from the first byte on, and whole or not at all. */
function writeSecret(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.partial`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, content, { mode: 0o600, flag: "wx" });
  renameSync(temporary, path);
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}

function notMade(path: string, problem: string): UsageError {
  const fix = "give a folder that `phasesweep certs` made, with its ca/";
  return new UsageError({ place: path, problem, fix });
}
