import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
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
import { requestListener } from "./answer_request.ts";
import type { HttpRoute, HttpSecurity } from "./http_route.ts";

interface HttpPlace {
  readonly host: string;
  readonly port: number;
  /** What on the command line chooses it, for errors. */
  readonly flag?: string;
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
export function serveHttp(
  place: HttpPlace,
  routes: readonly HttpRoute[],
  security?: HttpSecurity,
): Promise<HttpServer> {
  return listen(place, requestListener(routes, security), security);
}

/** An HTTP server, within the limits that all of ours have. Port 0 takes a free one. @throws FailureError */
export async function listen(
  { host, port, flag = `--http ${host}:${port}` }: HttpPlace,
  listener: RequestListener,
  security?: HttpSecurity,
): Promise<HttpServer> {
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
  guard(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host.replace(/^\[(.*)\]$/, "$1"), resolve);
  }).catch((error: unknown) => {
    throw new FailureError({
      place: flag,
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

function guard(server: Server | SecureServer): void {
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
