import type { Identity } from "../security/credentials.ts";
import type { Role } from "../security/roles.ts";

/** A request, as far as answers depend on it. */
export interface HttpRequest {
  readonly query: URLSearchParams;
  /** Of POST, at most HTTP_BODY_BYTES_MAX; empty otherwise. */
  readonly body: Buffer;
  /** Whether its caller has the role, also a while later: roles may be revoked, and connections end. */
  readonly may: (role: HttpRole) => boolean;
}

/** What a path answers. */
export interface HttpAnswer {
  readonly status: number;
  readonly content_type: string;
  readonly body: string | Uint8Array;
  /** Beside those that every answer has, or in their place. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a path answers again and again, until either side has enough. */
export interface HttpStream {
  readonly content_type: string;
  /** Called when the stream is open; the returned function when its reader is gone. */
  readonly start: (stream: {
    /** Sends text; false: the reader is slow, and is to be spared until `drained`. */
    readonly send: (text: string) => boolean;
    readonly drained: () => Promise<void>;
    readonly end: () => void;
  }) => () => void;
}

/** What callers of an HTTP port may be allowed; who may submit may read. */
export type HttpRole = Extract<Role, "read" | "submit">;

export interface HttpRoute {
  /** The whole path: nothing below it is answered. */
  readonly path: string;
  /** GET, which is HEAD too, unless told. */
  readonly method?: "GET" | "POST";
  /** Anybody who reaches the port may read it: it says nothing of sweeps. */
  readonly open?: boolean;
  /** What is refused is told as JSON, { error }, since its answers are JSON; as text unless told. */
  readonly json?: boolean;
  /** What its caller is to be allowed; `read` unless told. */
  readonly role?: HttpRole;
  readonly answer: (
    request: HttpRequest,
  ) => HttpAnswer | HttpStream | Promise<HttpAnswer | HttpStream>;
}

/** Certificates of a server, and who may read and submit. */
export interface HttpSecurity {
  /** As it is now; another object once it was renewed. */
  readonly identity: () => Identity;
  /** `public_key`: of a certificate of our CA, if the connection proved one. */
  readonly may: (
    role: HttpRole,
    authorization: string | undefined,
    public_key: Uint8Array | undefined,
  ) => boolean;
}
