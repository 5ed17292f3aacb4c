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
  HTTP_CONNECTIONS_MAX,
  HTTP_HEADER_BYTES_MAX,
  HTTP_HEADERS_MAX,
  HTTP_IDLE_MS_MAX,
  HTTP_REQUEST_MS_MAX,
  HTTP_SOCKET_REQUESTS_MAX,
} from "../limits.ts";
import type { Identity } from "../security/credentials.ts";

/** What a path answers. */
export interface HttpAnswer {
  readonly status: number;
  readonly content_type: string;
  readonly body: string | Uint8Array;
}

export interface HttpRoute {
  /** The whole path: nothing below it is answered. */
  readonly path: string;
  /** Anybody who reaches the port may read it: it says nothing but that this process is well. */
  readonly open?: boolean;
  readonly answer: () => HttpAnswer | Promise<HttpAnswer>;
}

/** Certificates of a server, and who may read. */
export interface HttpSecurity {
  /** As it is now; another object once it was renewed. */
  readonly identity: () => Identity;
  /** `public_key`: of a certificate of our CA, if the connection proved one. */
  readonly mayRead: (
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
 * Serves a few paths over HTTP, or with `security` over HTTPS: GET and HEAD only, and no path but
 * those of the routes, so that there is nothing to walk through. Port 0 takes a free one.
 * @throws FailureError
 */
export async function serveHttp(
  { host, port }: { readonly host: string; readonly port: number },
  routes: readonly HttpRoute[],
  security?: HttpSecurity,
): Promise<HttpServer> {
  const byPath = new Map(routes.map((route) => [route.path, route]));
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
  routes: ReadonlyMap<string, HttpRoute>,
  security: HttpSecurity | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A body is never read: whoever sends one gets the answer, and the connection ends.
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  if (length !== undefined || encoding !== undefined) response.shouldKeepAlive = false;
  const [path = ""] = (request.url ?? "").split("?", 1);
  const route = routes.get(path);
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    send(request, response, failure(405, "only GET and HEAD are answered"));
  } else if (route === undefined) {
    send(request, response, failure(404, `there are ${[...routes.keys()].join(", ")}`));
  } else if (route.open !== true && !isAuthorized(request, security)) {
    response.setHeader("WWW-Authenticate", "Bearer");
    const fix = "show a certificate, or send Authorization: Bearer TOKEN, of a role that may read";
    send(request, response, failure(401, fix));
  } else if (security === undefined && !isLocalName(request)) {
    send(request, response, failure(421, "this server is not called by the name in Host"));
  } else {
    try {
      send(request, response, await route.answer());
    } catch (error) {
      send(request, response, failure(500, messageOf(error)));
    }
  }
}

function isAuthorized(request: IncomingMessage, security: HttpSecurity | undefined): boolean {
  if (security === undefined) return true;
  const socket = request.socket as TLSSocket;
  const key = socket.authorized ? socket.getPeerCertificate().pubkey : undefined;
  return security.mayRead(request.headers.authorization, key);
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

function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  const bytes = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  response.writeHead(answer.status, {
    "Content-Type": answer.content_type,
    "Content-Length": bytes.length,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}
