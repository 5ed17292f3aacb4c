import { readFileSync } from "node:fs";
import { get } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { makeCredentials } from "../../../cli/certificates/credentials_folder.ts";
import { systemClock } from "../../../shared/clock.ts";
import { httpSecurity } from "../../../shared/http/http_security.ts";
import { type HttpServer, serveHttp } from "../../../shared/http/http_server.ts";
import { HTTP_HEADER_BYTES_MAX } from "../../../shared/limits.ts";
import { temporaryFolder } from "../../e2e/cli.ts";

const text = (body: string, status = 200) => ({ status, content_type: "text/plain", body });
const ROUTES = [
  { path: "/metrics", answer: () => text("numbers\n") },
  { path: "/healthz", open: true, answer: () => text("well\n") },
  {
    path: "/broken",
    answer: () => {
      throw new Error("no numbers");
    },
  },
];
const HERE = { host: "127.0.0.1", port: 0 };

let server: HttpServer;
afterEach(() => server.close());

/** What comes back for these bytes, until the connection ends. */
function raw(bytes: string): Promise<string> {
  const port = Number(server.address.split(":").at(-1));
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

const request = (line: string, headers = "") =>
  raw(`${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`);
const statusOf = (answer: string) => Number(answer.split(" ")[1]);

test("a few whole paths are answered, and nothing else", async () => {
  server = await serveHttp(HERE, ROUTES);
  expect(await request("GET /metrics")).toMatch(/^HTTP\/1.1 200 [\s\S]*\r\n\r\nnumbers\n$/);
  expect(await request("GET /metrics?name=x")).toContain("numbers");
  const head = await request("HEAD /metrics");
  expect(head).toContain("Content-Length: 8");
  expect(head).not.toContain("numbers");
  for (const path of [
    ...[
      "/",
      "/metrics/",
      "/metrics/../metrics",
      "//metrics",
      "/%6detrics",
      "/metrics%00",
      "/METRICS",
    ],
    ...[
      "/../../etc/passwd",
      "/..%2f..%2fetc/passwd",
      "http://elsewhere/metrics",
      "*",
      "/constructor",
    ],
  ]) {
    expect(statusOf(await request(`GET ${path}`)), path).toBe(404);
  }
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]) {
    const answer = await request(`${method} /metrics`);
    expect(statusOf(answer), method).toBe(405);
    expect(answer).toContain("Allow: GET, HEAD");
  }
  expect(await request("GET /broken")).toMatch(/^HTTP\/1.1 500 [\s\S]*no numbers\n$/);
});

test("what is no request, too large, or asks for another protocol, ends the connection", async () => {
  server = await serveHttp(HERE, ROUTES);
  expect(statusOf(await raw("\x16\x03\x01\x02\x00 hello\r\n\r\n"))).toBe(400);
  expect(statusOf(await request("GET /metrics HTTP/1.1\r\nbad header"))).toBe(400);
  const large = `X-Large: ${"x".repeat(2 * HTTP_HEADER_BYTES_MAX)}\r\n`;
  expect(statusOf(await request("GET /metrics", large))).toBe(431);
  expect(await request("GET /metrics", "Upgrade: h2c\r\nConnection: Upgrade\r\n")).not.toContain(
    "numbers",
  );
  expect(await request("CONNECT elsewhere:80")).toBe("");
  // A body is not waited for, and is not taken for the next request.
  const body = "GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const answer = await raw(
    `GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
  expect(statusOf(await request("GET /metrics"))).toBe(200);
});

test("a page whose name points here reads nothing", async () => {
  server = await serveHttp(HERE, ROUTES);
  const asking = (host: string) =>
    raw(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  expect(statusOf(await asking("evil.example:80"))).toBe(421);
  expect(statusOf(await asking("127.0.0.1.evil.example"))).toBe(421);
  expect(statusOf(await asking(`127.0.0.1:${server.address.split(":")[1]}`))).toBe(200);
});

test("over HTTPS a certificate or a token of a role that may read is asked for", async () => {
  const folder = join(temporaryFolder(), "certs");
  makeCredentials(folder, 1, systemClock.wallMs());
  server = await serveHttp(HERE, ROUTES, httpSecurity(join(folder, "coordinator"), systemClock));
  const ask = (path: string, role: string | undefined, headers: Record<string, string> = {}) =>
    new Promise<number>((resolve, reject) => {
      const of = (file: string) => readFileSync(join(folder, role!, file));
      const identity = role === undefined ? {} : { cert: of("cert.pem"), key: of("key.pem") };
      const ca = readFileSync(join(folder, "coordinator", "ca.pem"));
      const servername = "coordinator.phasesweep.internal";
      get(`https://${server.address}${path}`, {
        ca,
        servername,
        headers,
        agent: false,
        ...identity,
      })
        .on("response", (response) => {
          response.resume();
          resolve(response.statusCode!);
        })
        .on("error", reject);
    });
  const token = (role: string) => ({
    authorization: `Bearer ${readFileSync(join(folder, role, "token"), "utf8").trim()}`,
  });
  expect(await ask("/healthz", undefined)).toBe(200);
  expect(await ask("/metrics", undefined)).toBe(401);
  expect(await ask("/metrics", "read")).toBe(200);
  expect(await ask("/metrics", "submit")).toBe(200);
  expect(await ask("/metrics", "work")).toBe(401);
  expect(await ask("/metrics", undefined, token("read"))).toBe(200);
  expect(await ask("/metrics", undefined, token("work"))).toBe(401);
  expect(await ask("/metrics", undefined, { authorization: "Bearer guessed" })).toBe(401);
});
