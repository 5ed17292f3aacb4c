import { statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import {
  CREDENTIAL_FILES,
  type Identity,
  readCredential,
  readIdentity,
} from "../security/credentials.ts";
import { judge, mayRead, parseTokens, type TokenEntry } from "../security/token_book.ts";
import type { HttpSecurity } from "./http_route.ts";

/**
 * HTTPS from the coordinator's folder of credentials, which is looked at with every request, so that
 * a revoked holder is out and a renewed certificate in at once. @throws UsageError
 */
export function httpSecurity(folder: string, clock: Clock): HttpSecurity {
  const { certificate, tokens } = CREDENTIAL_FILES;
  const stamp = (file: string) => {
    const found = statSync(join(folder, file), { throwIfNoEntry: false });
    return found === undefined ? "" : `${found.ino} ${found.size} ${found.mtimeMs}`;
  };
  let seen = stamp(certificate);
  let identity: Identity = readIdentity(folder, clock.wallMs());
  let book: readonly TokenEntry[] = [];
  let bookSeen: string | undefined;
  return {
    identity() {
      const now = stamp(certificate);
      if (now !== seen) {
        try {
          identity = readIdentity(folder, clock.wallMs());
          seen = now;
        } catch {
          // It is being written, or wrong: the one of before is as good as it was.
        }
      }
      return identity;
    },
    may(role, authorization, public_key) {
      // Open streams ask every second.
      const now = stamp(tokens);
      if (now !== bookSeen) {
        try {
          book = parseTokens(readCredential(folder, tokens).toString("utf8"));
          bookSeen = now;
        } catch (error) {
          // It is being written, or wrong: what was sound stays in force.
          if (bookSeen === undefined) throw error;
        }
      }
      const now_ms = clock.wallMs();
      // Tools that read numbers show a certificate or a token; what changes something needs both.
      return role === "read"
        ? mayRead(book, authorization, public_key, now_ms)
        : "holder" in judge(book, authorization, public_key, role, now_ms);
    },
  };
}
