import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { FailureError, messageOf } from "../errors.ts";
import {
  HTTP_BODY_BYTES_MAX,
  HTTP_CONNECTIONS_MAX,
  HTTP_HEADER_BYTES_MAX,
  HTTP_HEADERS_MAX,
  HTTP_IDLE_MS_MAX,
  HTTP_REQUEST_MS_MAX,
  HTTP_SOCKET_REQUESTS_MAX,
} from "../limits.ts";
import type { Identity } from "../security/credentials.ts";
import type { Role } from "../security/roles.ts";

/** A request, as far as answers depend on it. */
export interface HttpRequest {
  readonly query: URLSearchParams;
  /** Of POST, at most HTTP_BODY_BYTES_MAX; empty otherwise. */
  readonly body: Buffer;
  /** Whether its caller has the role, also a while later: roles may be revoked. */
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

export interface HttpServer {
  /** `HOST:PORT` with the port that was bound. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Serves a few paths over HTTP, or with `security` over HTTPS, and no path but those of the routes,
 * so that there is nothing to walk through. Port 0 takes a free one. @throws FailureError
 */
export async function serveHttp(
  { host, port }: { readonly host: string; readonly port: number },
  routes: readonly HttpRoute[],
  security?: HttpSecurity,
): Promise<HttpServer> {
  const byPath = new Map<string, HttpRoute[]>();
  for (const route of routes) byPath.set(route.path, [...(byPath.get(route.path) ?? []), route]);
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    void answerRequest(byPath, security, request, response);
  };
  const limits = {
    maxHeaderSize: HTTP_HEADER_BYTES_MAX,
    headersTimeout: HTTP_REQUEST_MS_MAX,
    requestTimeout: HTTP_REQUEST_MS_MAX,
    connectionsCheckingInterval: HTTP_REQUEST_MS_MAX / 10,
    keepAliveTimeout: HTTP_IDLE_MS_MAX,
  };
  const server =
    security === undefined
      ? createServer(limits, listener)
      : createSecureServer(limits, security, listener);
  server.maxHeadersCount = HTTP_HEADERS_MAX;
  server.maxConnections = HTTP_CONNECTIONS_MAX;
  server.maxRequestsPerSocket = HTTP_SOCKET_REQUESTS_MAX;
  // Node closes what times out while it parses; a socket that is silent after that is closed here.
  server.timeout = HTTP_IDLE_MS_MAX;
  // Nothing here speaks another protocol, and a tunnel would be one.
  for (const event of ["upgrade", "connect"]) {
    server.on(event, (_request, socket) => socket.destroy());
  }
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return;
    const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Too Large" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  }).catch((error: unknown) => {
    throw new FailureError({
      place: `--http ${host}:${port}`,
      problem: `cannot listen there: ${messageOf(error)}`,
      fix: "give a free port and an address of this machine",
    });
  });
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    address: family === "IPv6" ? `[${address}]:${bound}` : `${address}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function createSecureServer(
  limits: ServerOptions,
  security: HttpSecurity,
  listener: RequestListener,
): SecureServer {
  let identity = security.identity();
  const server = createTlsServer({ ...limits, ...tlsOptions(identity) }, (request, response) => {
    const now = security.identity();
    // For the connections that come from now on.
    if (now !== identity) server.setSecureContext(tlsOptions(now));
    identity = now;
    listener(request, response);
  });
  return server;
}

/** Certificates are asked for and not demanded: a token, or an open path, does as well. */
function tlsOptions({ ca, cert, key }: Identity) {
  return {
    ...{ ca, cert, key, requestCert: true, rejectUnauthorized: false },
    minVersion: "TLSv1.3",
    handshakeTimeout: HTTP_REQUEST_MS_MAX,
  } as const;
}

async function answerRequest(
  routes: ReadonlyMap<string, readonly HttpRoute[]>,
  security: HttpSecurity | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "", headers } = request;
  const isPost = method === "POST";
  // A body of anything else is never read: whoever sends one gets the answer, and the connection ends.
  const hasBody = headers["content-length"] ?? headers["transfer-encoding"];
  if (hasBody !== undefined) response.shouldKeepAlive = false;
  const [path = "", search] = (request.url ?? "").split("?", 2);
  const found = routes.get(path);
  const route = found?.find((each) => ((each.method ?? "GET") === "POST") === isPost);
  const may = (role: HttpRole) => isAllowed(request, security, role);
  if (found === undefined && (method === "GET" || method === "HEAD" || isPost)) {
    send(request, response, failure(404, `there are ${[...routes.keys()].join(", ")}`));
  } else if (route === undefined || !(isPost || method === "GET" || method === "HEAD")) {
    const allowed = (found ?? []).map((each) => each.method ?? "GET");
    const names = allowed.includes("POST") ? allowed : ["GET", "HEAD"];
    response.setHeader("Allow", names.join(", "));
    send(request, response, failure(405, `only ${names.join(" and ")} are answered`));
  } else if (route.open !== true && !may(route.role ?? "read")) {
    response.setHeader("WWW-Authenticate", "Bearer");
    send(request, response, failure(401, neededText(route.role ?? "read")));
  } else if (security === undefined && !isLocalName(request)) {
    send(request, response, failure(421, "this server is not called by the name in Host"));
  } else if (isPost && !isOwnPage(request)) {
    const needed = "changes are taken as application/json, and from no other site's page";
    send(request, response, failure(403, needed));
  } else {
    try {
      const body = isPost ? await readBody(request) : Buffer.alloc(0);
      if (body === undefined) {
        const problem = `the request has more than ${HTTP_BODY_BYTES_MAX} bytes (HTTP_BODY_BYTES_MAX)`;
        send(request, response, failure(413, problem));
        return;
      }
      const answer = await route.answer({ query: new URLSearchParams(search), body, may });
      if ("start" in answer) stream(request, response, answer);
      else send(request, response, answer);
    } catch (error) {
      send(request, response, failure(500, messageOf(error)));
    }
  }
}

function isAllowed(
  request: IncomingMessage,
  security: HttpSecurity | undefined,
  role: HttpRole,
): boolean {
  if (security === undefined) return true;
  const socket = request.socket as TLSSocket;
  const key = socket.authorized ? socket.getPeerCertificate().pubkey : undefined;
  return security.may(role, request.headers.authorization, key);
}

function neededText(role: HttpRole): string {
  return role === "read"
    ? "show a certificate, or send Authorization: Bearer TOKEN, of a role that may read"
    : "show the certificate and send Authorization: Bearer TOKEN of a holder of the role submit";
}

/**
 * Another site's page can make a browser send forms here, but not as JSON without being asked
 * first, and browsers say whose page it is.
 */
function isOwnPage({ headers }: IncomingMessage): boolean {
  const { origin, host, "content-type": type = "", "sec-fetch-site": site } = headers;
  if (!/^application\/json(;|$)/.test(type)) return false;
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  return origin === undefined || origin.replace(/^https?:\/\//, "") === host;
}

/** The body, or undefined if it is too large; the rest is then not read. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > HTTP_BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * On a loopback address a page in somebody's browser could have its own name point here, and read
 * what it answers (DNS rebinding); its requests carry that name.
 */
function isLocalName(request: IncomingMessage): boolean {
  const { localAddress = "" } = request.socket;
  if (!/^(::ffff:)?127\.|^::1$/.test(localAddress)) return true;
  const name = (request.headers.host ?? "").replace(/:\d+$/, "");
  return /^(localhost|127(\.\d+){3}|\[::1\]|)$/.test(name);
}

function failure(status: number, problem: string): HttpAnswer {
  return { status, content_type: "text/plain; charset=utf-8", body: `${problem}\n` };
}

/** Beside what an answer says itself: nothing here is to be kept, framed, guessed at or extended. */
const HEADERS = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
};

function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  const bytes = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  response.writeHead(answer.status, {
    "Content-Type": answer.content_type,
    "Content-Length": bytes.length,
    ...HEADERS,
    ...answer.headers,
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

function stream(request: IncomingMessage, response: ServerResponse, answer: HttpStream): void {
  response.writeHead(200, { "Content-Type": answer.content_type, ...HEADERS });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  response.flushHeaders();
  // It is silent for as long as nothing happens, and beats in between are its own affair.
  const stop = answer.start({
    send: (text) => response.write(text),
    drained: () =>
      new Promise((resolve) => {
        response.once("drain", resolve);
        response.once("close", resolve);
      }),
    end: () => response.end(),
  });
  response.once("close", stop);
}
