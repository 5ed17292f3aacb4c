import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { get as secureGet, request as secureRequest } from "node:https";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { makeCredentials, revokeHolder } from "../../../cli/certificates/credentials_folder.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { HttpRequest, HttpRoute } from "../../../shared/http/http_route.ts";
import { httpSecurity } from "../../../shared/http/http_security.ts";
import { type HttpServer, serveHttp } from "../../../shared/http/http_server.ts";
import { HTTP_BODIES_MAX, HTTP_BODY_BYTES_MAX } from "../../../shared/limits.ts";
import { COORDINATOR_NAME } from "../../../shared/security/credentials.ts";
import { pause, temporaryFolder } from "../../e2e/cli.ts";

const HERE = { host: "127.0.0.1", port: 0 };
const json = (value: unknown) => ({
  ...{ status: 200, content_type: "application/json", body: JSON.stringify(value) },
});

let changed: string[] = [];
let asked: HttpRequest | undefined;
let heard: { readonly promise: Promise<void>; readonly resolve: () => void };
const waiting = () => {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
};
let wire: Parameters<Extract<ReturnType<HttpRoute["answer"]>, { start: unknown }>["start"]>[0];

const ROUTES: HttpRoute[] = [
  {
    ...{ path: "/api/change", method: "POST", role: "submit", json: true },
    answer: ({ body }) => {
      changed.push(body.toString());
      return json({ done: true });
    },
  },
  { path: "/api/both", answer: () => json("read"), json: true },
  { path: "/api/both", method: "POST", role: "submit", answer: () => json("changed") },
  {
    path: "/api/stream",
    answer: (request) => {
      asked = request;
      return {
        content_type: "text/event-stream",
        start: (opened) => {
          wire = opened;
          wire.send("data: first\n\n");
          return () => heard.resolve();
        },
      };
    },
  },
  {
    path: "/api/broken",
    answer: () => ({
      content_type: "text/event-stream",
      start: () => {
        throw new Error("it cannot begin");
      },
    }),
  },
];

let server: HttpServer;
afterEach(async () => {
  changed = [];
  await server.close();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Sent = { headers?: Record<string, string>; body?: string | Buffer; tls?: object };

function ask(
  method: string,
  path: string,
  { headers = {}, body, tls }: Sent = {},
): Promise<Answer> {
  const [host, port] = server.address.split(":");
  return new Promise((resolve, reject) => {
    const begin = tls === undefined ? httpRequest : secureRequest;
    const options = { host, port, method, path, headers, agent: false, ...tls };
    const request = begin(options as object, (response: IncomingMessage) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: text }),
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}

const JSON_TYPE = { "content-type": "application/json" };
const post = (path: string, sent: Sent = {}) =>
  ask("POST", path, { body: "{}", ...sent, headers: { ...JSON_TYPE, ...sent.headers } });

test("changes are taken by POST, as JSON, and from the own page only", async () => {
  server = await serveHttp(HERE, ROUTES);
  const own = `http://${server.address}`;
  expect(await post("/api/change", { body: "[1]" })).toMatchObject({
    status: 200,
    body: '{"done":true}',
  });
  expect((await post("/api/change", { headers: { origin: own } })).status).toBe(200);
  expect((await post("/api/change", { headers: { "sec-fetch-site": "same-origin" } })).status).toBe(
    200,
  );
  expect(changed).toEqual(["[1]", "{}", "{}"]);
  changed = [];
  for (const headers of [
    { "content-type": "text/plain" },
    { "content-type": "application/x-www-form-urlencoded" },
    { "content-type": "multipart/form-data; boundary=application/json" },
    { "content-type": "" },
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://127.0.0.1:1" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ]) {
    const { status, body } = await post("/api/change", { headers });
    expect([status, JSON.parse(body).error], JSON.stringify(headers)).toEqual([
      403,
      expect.stringContaining("no other site"),
    ]);
  }
  expect((await post("/api/change", { headers: { host: "evil.example" } })).status).toBe(421);
  expect(changed).toEqual([]);
});

test("a path may have several methods, and says which", async () => {
  server = await serveHttp(HERE, ROUTES);
  expect((await ask("GET", "/api/both")).body).toBe('"read"');
  expect((await post("/api/both")).body).toBe('"changed"');
  expect(await ask("PUT", "/api/both")).toMatchObject({
    ...{ status: 405, headers: { allow: "GET, HEAD, POST" } },
    body: '{"error":"only GET and HEAD and POST are answered"}',
  });
  expect(await ask("GET", "/api/change")).toMatchObject({
    status: 405,
    headers: { allow: "POST" },
  });
  expect((await post("/api/stream")).status).toBe(405);
});

test("a body that is too large is not read to its end, and only so many are read at once", async () => {
  server = await serveHttp(HERE, ROUTES);
  const exact = Buffer.alloc(HTTP_BODY_BYTES_MAX, " ");
  expect((await post("/api/change", { body: exact })).status).toBe(200);
  const large = Buffer.alloc(HTTP_BODY_BYTES_MAX + 1, " ");
  const refused = await post("/api/change", { body: large }).catch((error) => error.code);
  expect(refused).toMatchObject({
    status: 413,
    body: expect.stringContaining("HTTP_BODY_BYTES_MAX"),
  });
  expect(changed).toHaveLength(1);

  const [host, port] = server.address.split(":");
  const options = { host, port, method: "POST", path: "/api/change", agent: false };
  const slow = Array.from({ length: HTTP_BODIES_MAX }, () => {
    const request = httpRequest({ ...options, headers: { ...JSON_TYPE, "content-length": "2" } });
    request.on("error", () => {});
    request.write("{");
    return request;
  });
  let answer = await post("/api/change");
  while (answer.status === 200) answer = await post("/api/change");
  expect(answer).toMatchObject({ status: 503, body: expect.stringContaining("HTTP_BODIES_MAX") });
  for (const request of slow) request.destroy();
  while (answer.status === 503) answer = await post("/api/change");
  expect(answer.status).toBe(200);
});

test("a stream goes on until its reader leaves, or it ends", async () => {
  server = await serveHttp(HERE, ROUTES);
  heard = waiting();
  const [host, port] = server.address.split(":");
  const response = await new Promise<IncomingMessage>((resolve) => {
    httpRequest({ host, port, path: "/api/stream", agent: false }, resolve).end();
  });
  expect(response.headers).toMatchObject({
    ...{ "content-type": "text/event-stream", "cache-control": "no-store" },
    "x-content-type-options": "nosniff",
  });
  const chunks: string[] = [];
  response.on("data", (chunk) => chunks.push(String(chunk)));
  while (chunks.join("") !== "data: first\n\n") await pause(5);
  wire.send("data: second\n\n");
  while (!chunks.join("").endsWith("second\n\n")) await pause(5);
  response.destroy();
  await heard.promise;
  expect(wire.send("data: nobody\n\n")).toBe(false);

  heard = waiting();
  const all = ask("GET", "/api/stream");
  while (asked === undefined) await pause(5);
  await pause(20);
  wire.end();
  expect((await all).body).toBe("data: first\n\n");
  await heard.promise;
  // One that cannot begin breaks, and does not leave its reader waiting.
  await expect(ask("GET", "/api/broken")).rejects.toThrow();
});

test("roles: read may not change, and a right that is revoked is asked for again", async () => {
  const folder = join(temporaryFolder(), "certs");
  makeCredentials(folder, 1, systemClock.wallMs());
  server = await serveHttp(HERE, ROUTES, httpSecurity(join(folder, "coordinator"), systemClock));
  const of = (role: string, file: string) => readFileSync(join(folder, role, file));
  const ca = of("read", "ca.pem");
  const bare = { ca, servername: COORDINATOR_NAME };
  const tls = (role: string) => ({ ...bare, cert: of(role, "cert.pem"), key: of(role, "key.pem") });
  const token = (role: string) => ({
    authorization: `Bearer ${of(role, "token").toString().trim()}`,
  });
  const status = async (sent: Sent) => (await post("/api/change", sent)).status;
  expect(await status({ tls: bare })).toBe(401);
  expect(await status({ tls: tls("read"), headers: token("read") })).toBe(403);
  expect(await status({ tls: tls("work"), headers: token("work") })).toBe(401);
  // What changes something needs both, and both of one holder.
  expect(await status({ tls: tls("submit") })).toBe(403);
  expect(await status({ tls: bare, headers: token("submit") })).toBe(403);
  expect(await status({ tls: tls("read"), headers: token("submit") })).toBe(403);
  expect(changed).toEqual([]);
  expect(await status({ tls: tls("submit"), headers: token("submit") })).toBe(200);

  heard = waiting();
  asked = undefined;
  const [host, port] = server.address.split(":");
  const stream = secureGet({
    ...{ host, port, path: "/api/stream", agent: false, ...tls("read") },
  }).on("error", () => {});
  while (asked === undefined) await pause(5);
  const { may } = asked as HttpRequest;
  expect([may("read"), may("submit")]).toEqual([true, false]);
  revokeHolder(folder, "read");
  expect(may("read")).toBe(false);
  stream.destroy();
  await heard.promise;
});
