import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Under this path whoever knows the secret behind it is let in, once. */
export const ENTRANCE_PATH = "/enter/";

/**
 * Who may use a gateway, which holds credentials at a port that every user of this machine reaches. An
 * address that is printed lets one browser in and is then worth nothing, since command lines of
 * browsers are seen by others; that browser keeps another secret in a cookie.
 */
export class Entrance {
  private ticket: string | undefined;
  private readonly session: string;
  private readonly cookie: string;

  /** `ticket` and `session` are secrets, all three of URL-safe characters. */
  constructor({ ticket, session, id }: Record<"ticket" | "session" | "id", string>) {
    this.ticket = ticket;
    this.session = session;
    // Cookies do not tell ports apart, and there may be several gateways.
    this.cookie = `phasesweep_${id}`;
  }

  /** The header that lets a browser in for good, if the path has the ticket, which is then used up. */
  admit(path: string): string | undefined {
    if (this.ticket === undefined || !path.startsWith(ENTRANCE_PATH)) return undefined;
    if (!isSame(path.slice(ENTRANCE_PATH.length), this.ticket)) return undefined;
    this.ticket = undefined;
    return `${this.cookie}=${this.session}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Whether a request comes from the browser that was let in. */
  knows({ headers }: IncomingMessage): boolean {
    return (headers.cookie ?? "").split(/; */).some((pair) => {
      const at = pair.indexOf("=");
      return pair.slice(0, at) === this.cookie && isSame(pair.slice(at + 1), this.session);
    });
  }
}

/** Compares in a time that does not depend on where they differ. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
