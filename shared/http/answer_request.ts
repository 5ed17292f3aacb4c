import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { messageOf } from "../errors.ts";
import { HTTP_BODIES_MAX, HTTP_BODY_BYTES_MAX } from "../limits.ts";
import { failure, send, stream } from "./http_answer.ts";
import type { HttpAnswer, HttpRole, HttpRoute, HttpSecurity } from "./http_route.ts";

/** Answers requests by their whole paths: who may, from where, and then what the route says. */
export function requestListener(
  routes: readonly HttpRoute[],
  security: HttpSecurity | undefined,
): RequestListener {
  const byPath = new Map<string, HttpRoute[]>();
  for (const route of routes) byPath.set(route.path, [...(byPath.get(route.path) ?? []), route]);
  const bodies = { open: 0 };
  return (request, response) => {
    const [path = "", search] = (request.url ?? "").split("?", 2);
    // A body of anything else is never read: whoever sends one gets the answer, and the connection ends.
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    if ((length ?? encoding) !== undefined) response.shouldKeepAlive = false;
    const found = byPath.get(path);
    const refusal = whyNone(request, response, found, () => [...byPath.keys()]);
    if (refusal !== undefined) {
      send(request, response, refusal);
      return;
    }
    const route = found!.find((each) => (each.method === "POST") === (request.method === "POST"))!;
    void answerRoute(request, response, { route, search, security, bodies });
  };
}

/** Why no route answers, if none does. */
function whyNone(
  { method = "" }: IncomingMessage,
  response: ServerResponse,
  found: readonly HttpRoute[] | undefined,
  paths: () => string[],
): HttpAnswer | undefined {
  const isPost = method === "POST";
  const isKnown = isPost || method === "GET" || method === "HEAD";
  if (found === undefined && isKnown) return failure(404, `there are ${paths().join(", ")}`);
  if (isKnown && found!.some((each) => (each.method === "POST") === isPost)) return undefined;
  const allowed = new Set((found ?? []).map((each) => each.method ?? "GET"));
  const names = [
    ...(allowed.has("GET") || allowed.size === 0 ? ["GET", "HEAD"] : []),
    ...(allowed.has("POST") ? ["POST"] : []),
  ];
  response.setHeader("Allow", names.join(", "));
  const [json] = found ?? [];
  return failure(405, `only ${names.join(" and ")} are answered`, { json: json?.json });
}

interface Asked {
  readonly route: HttpRoute;
  readonly search: string | undefined;
  readonly security: HttpSecurity | undefined;
  /** Bodies that are being read by all requests of the server. */
  readonly bodies: { open: number };
}

async function answerRoute(
  request: IncomingMessage,
  response: ServerResponse,
  { route, search, security, bodies }: Asked,
): Promise<void> {
  const isPost = request.method === "POST";
  const needed = route.role ?? "read";
  const may = roleJudge(request, security);
  const refuse = (status: number, problem: string) =>
    send(request, response, failure(status, problem, route));
  if (security === undefined && !isLocalName(request)) {
    refuse(421, NOT_CALLED_SO);
  } else if (route.open !== true && !may(needed)) {
    // Whoever may read has shown who they are, and may not do this.
    const isKnown = needed !== "read" && may("read");
    if (!isKnown) response.setHeader("WWW-Authenticate", "Bearer");
    refuse(isKnown ? 403 : 401, neededText(needed));
  } else if (isPost && !isOwnPage(request)) {
    refuse(403, "changes are taken as application/json, and from no other site's page");
  } else if (isPost && bodies.open >= HTTP_BODIES_MAX) {
    refuse(503, `${HTTP_BODIES_MAX} requests are being read (HTTP_BODIES_MAX); try again later`);
  } else {
    try {
      const body = isPost ? await readBody(request, bodies) : Buffer.alloc(0);
      if (body === undefined) {
        refuse(413, `the request has more than ${HTTP_BODY_BYTES_MAX} bytes (HTTP_BODY_BYTES_MAX)`);
        return;
      }
      const answer = await route.answer({ query: new URLSearchParams(search), body, may });
      if ("start" in answer) stream(request, response, answer);
      else send(request, response, answer);
    } catch (error) {
      // A stream that could not begin is one that broke.
      if (response.headersSent) response.destroy();
      else refuse(500, messageOf(error));
    }
  }
}

/** Whether whoever sent a request has a role, by what it and its connection have shown. */
function roleJudge(
  { socket, headers }: IncomingMessage,
  security: HttpSecurity | undefined,
): (role: HttpRole) => boolean {
  if (security === undefined) return () => true;
  const { authorized, getPeerCertificate } = socket as TLSSocket;
  const key = authorized ? getPeerCertificate.call(socket)?.pubkey : undefined;
  return (role) => security.may(role, headers.authorization, key);
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
export function isOwnPage({ headers }: IncomingMessage): boolean {
  const { origin, host, "content-type": type = "", "sec-fetch-site": site } = headers;
  if (!/^application\/json(;|$)/.test(type)) return false;
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  return origin === undefined || origin.replace(/^https?:\/\//, "") === host;
}

/** The body, or undefined if it is too large; the rest is then not read. */
async function readBody(
  request: IncomingMessage,
  bodies: { open: number },
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  bodies.open++;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > HTTP_BODY_BYTES_MAX) return undefined;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    bodies.open--;
  }
}

/** What is told to those for whom isLocalName does not hold. */
export const NOT_CALLED_SO =
  "on its own machine this server is 127.0.0.1 or localhost, and has no other name";

/**
 * On a loopback address a page in somebody's browser could have its own name point here, and read
 * what it answers (DNS rebinding); its requests carry that name.
 */
export function isLocalName(request: IncomingMessage): boolean {
  const { localAddress = "" } = request.socket;
  if (!/^(::ffff:)?127\.|^::1$/.test(localAddress)) return true;
  const name = (request.headers.host ?? "").replace(/:\d+$/, "");
  return /^(localhost|127(\.\d+){3}|\[::1\]|)$/.test(name);
}
