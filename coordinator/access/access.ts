import { statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../shared/clock.ts";
import { messageOf, UsageError } from "../../shared/errors.ts";
import {
  CREDENTIAL_FILES,
  readCredential,
  readIdentity,
} from "../../shared/security/credentials.ts";
import type { Role } from "../../shared/security/roles.ts";
import {
  judge,
  parseTokens,
  type TokenEntry,
  type Verdict,
} from "../../shared/security/token_book.ts";
import { MutualTls } from "./mutual_tls.ts";

/** How often the folder is looked at: a revoked token is good for so long. */
const LOOK_MS = 1_000;

/** A call that goes on, and that ends when whose it is loses the right to it. */
interface OpenCall {
  readonly holder: TokenEntry;
  readonly end: (reason: string) => void;
}

/**
 * Who may call what, from the coordinator's folder of credentials. The folder is looked at again and
 * again, so that holders come and go, and certificates are renewed, while it works.
 */
export class Access {
  readonly tls: MutualTls;
  private readonly folder: string;
  private readonly clock: Clock;
  private readonly log: (line: string) => void;
  private readonly open = new Set<OpenCall>();
  private tokens: readonly TokenEntry[];
  private seen: string;
  private stopLooking: () => void = () => {};

  /** @throws UsageError if the folder has no certificate, or no tokens.json */
  constructor(folder: string, clock: Clock, log: (line: string) => void) {
    this.folder = folder;
    this.clock = clock;
    this.log = log;
    this.seen = this.stamp();
    this.tls = new MutualTls(readIdentity(folder, clock.wallMs()));
    this.tokens = this.readTokens();
  }

  /** Begins to look at the folder, until close. */
  start(): void {
    this.look();
  }

  /** `authorization` and `public_key`: as `judge` takes them. */
  judge(
    authorization: string | undefined,
    public_key: Uint8Array | undefined,
    role: Role,
  ): Verdict {
    return judge(this.tokens, authorization, public_key, role, this.clock.wallMs());
  }

  /** Ends the call when its holder is revoked or its token expires; returned is what forgets it. */
  keep(holder: TokenEntry, end: (reason: string) => void): () => void {
    const call = { holder, end };
    this.open.add(call);
    return () => this.open.delete(call);
  }

  close(): void {
    this.stopLooking();
  }

  private look(): void {
    this.stopLooking = this.clock.after(LOOK_MS, () => {
      const stamp = this.stamp();
      if (stamp !== this.seen) {
        this.seen = stamp;
        this.readAgain();
      }
      this.endOrphans();
      this.look();
    });
  }

  /** A folder that is being written may be half of each: what is sound stays in force meanwhile. */
  private readAgain(): void {
    try {
      this.tokens = this.readTokens();
      this.tls.replace(readIdentity(this.folder, this.clock.wallMs()));
      this.log(`took up the credentials in ${this.folder} as they are now`);
    } catch (error) {
      this.log(`the credentials of before stay in force: ${messageOf(error)}`);
    }
  }

  private endOrphans(): void {
    if (this.open.size === 0) return;
    const now_ms = this.clock.wallMs();
    const keyOf = ({ token_sha256, key_sha256, role }: TokenEntry) =>
      `${token_sha256} ${key_sha256} ${role}`;
    const good = new Set(
      this.tokens.filter(({ expires }) => now_ms < Date.parse(expires)).map(keyOf),
    );
    for (const call of this.open) {
      if (good.has(keyOf(call.holder))) continue;
      this.open.delete(call);
      call.end(`the token of '${call.holder.name}' was revoked, or expired`);
    }
  }

  private readTokens(): readonly TokenEntry[] {
    const { tokens } = CREDENTIAL_FILES;
    const text = readCredential(this.folder, tokens).toString("utf8");
    try {
      return parseTokens(text);
    } catch (error) {
      throw new UsageError({
        place: join(this.folder, tokens),
        problem: messageOf(error),
        fix: "copy it from the folder that `phasesweep certs` wrote to",
      });
    }
  }

  /** Changes when a file of the folder does, also where it is replaced or a link to another. */
  private stamp(): string {
    return Object.values(CREDENTIAL_FILES)
      .map((file) => {
        const found = statSync(join(this.folder, file), { throwIfNoEntry: false });
        return found === undefined ? "" : `${found.ino} ${found.size} ${found.mtimeMs}`;
      })
      .join(" ");
  }
}
