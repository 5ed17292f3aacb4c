import { createHash } from "node:crypto";
import { z } from "zod";
import { messageOf } from "../errors.ts";
import { includesRole, ROLES, type Role } from "./roles.ts";

const SHA256 = z.string().regex(/^[0-9a-f]{64}$/);

const BOOK = z.strictObject({
  format: z.literal(1),
  tokens: z.array(
    z.strictObject({
      name: z.string(),
      role: z.enum(ROLES),
      token_sha256: SHA256,
      key_sha256: SHA256,
      expires: z.iso.datetime(),
    }),
  ),
});

/** What a coordinator knows of a token: not the token. */
export type TokenEntry = z.infer<typeof BOOK>["tokens"][number];

/** Whose call it is, or why it is not taken. */
export type Verdict =
  | { readonly holder: TokenEntry }
  | { readonly refused: "unauthenticated" | "denied"; readonly reason: string };

/** The entries of tokens.json. @throws Error on another form */
export function parseTokens(text: string): readonly TokenEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is no JSON: ${messageOf(error)}`);
  }
  const result = BOOK.safeParse(parsed);
  if (result.success) return result.data.tokens;
  const [issue] = result.error.issues;
  throw new Error(`${issue!.path.join(".")}: ${issue!.message}`);
}

export function formatTokens(tokens: readonly TokenEntry[]): string {
  return `${JSON.stringify({ format: 1, tokens }, null, 2)}\n`;
}

/**
 * Judges what a caller shows. A token belongs to one key: stolen, it is worth nothing without that.
 * `authorization`: "Bearer TOKEN"; `public_key`: of the certificate that the connection proved.
 */
export function judge(
  tokens: readonly TokenEntry[],
  authorization: string | undefined,
  public_key: Uint8Array | undefined,
  needed: Role,
  now_ms: number,
): Verdict {
  const [, token] = /^Bearer ([A-Za-z0-9_-]+)$/.exec(authorization ?? "") ?? [];
  const fix = `give a folder of \`phasesweep certs\` with the role ${needed} as --credentials`;
  if (token === undefined || public_key === undefined) {
    return unauthenticated(`the call came without a token, and needs the role ${needed}; ${fix}`);
  }
  const holder = tokens.find(({ token_sha256 }) => token_sha256 === tokenSha256(token));
  if (holder === undefined) {
    return unauthenticated(
      `the token is not known here: it was revoked, or is another coordinator's; ${fix}`,
    );
  }
  if (holder.key_sha256 !== keySha256(public_key)) {
    return unauthenticated(
      `the token of '${holder.name}' came with a certificate that is not its own; ${fix}`,
    );
  }
  if (!(now_ms < Date.parse(holder.expires))) {
    return unauthenticated(
      `the token of '${holder.name}' expired on ${holder.expires}; \`phasesweep certs DIR --renew\` renews it`,
    );
  }
  if (!includesRole(holder.role, needed)) {
    const reason = `this needs the role ${needed}, and '${holder.name}' has ${holder.role}; ${fix}`;
    return { refused: "denied", reason };
  }
  return { holder };
}

/**
 * Whether somebody may read numbers over HTTP, where tools show a certificate or a token and seldom
 * both: either is enough, as nothing can be changed there. A certificate counts by its key's role.
 */
export function mayRead(
  tokens: readonly TokenEntry[],
  authorization: string | undefined,
  public_key: Uint8Array | undefined,
  now_ms: number,
): boolean {
  const [, token] = /^Bearer ([A-Za-z0-9_-]+)$/.exec(authorization ?? "") ?? [];
  const shown = [
    ...(public_key === undefined ? [] : [["key_sha256", keySha256(public_key)] as const]),
    ...(token === undefined ? [] : [["token_sha256", tokenSha256(token)] as const]),
  ];
  return shown.some(([name, sha256]) =>
    tokens.some(
      (entry) =>
        entry[name] === sha256 &&
        includesRole(entry.role, "read") &&
        now_ms < Date.parse(entry.expires),
    ),
  );
}

export function tokenSha256(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Of a key on P-256 as its point, which is how TLS sockets and X509Certificate give it. */
export function keySha256(public_key: Uint8Array): string {
  return createHash("sha256").update(public_key).digest("hex");
}

function unauthenticated(reason: string): Verdict {
  return { refused: "unauthenticated", reason };
}
