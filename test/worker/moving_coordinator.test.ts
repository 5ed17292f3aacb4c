import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { type Connection, coordinatorAddresses } from "../../shared/connection.ts";
import type { CoordinatorHandlers } from "../../shared/generated/phasesweep/v1/Coordinator.ts";
import { coordinatorService, newServer } from "../../shared/rpc.ts";
import { GrpcLink } from "../../worker/link.ts";

const servers: grpc.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.forceShutdown();
});

/** A server that welcomes sessions, or refuses them as a standby does. */
async function serve(active: { is: boolean }): Promise<string> {
  const server = newServer();
  servers.push(server);
  const handlers = {
    Session: (stream: Parameters<CoordinatorHandlers["Session"]>[0]) => {
      if (active.is) stream.write({ welcome: { leaseMs: 1000, renewMs: 100 } });
      else stream.emit("error", { code: grpc.status.UNAVAILABLE, details: "standby" });
    },
    GetPlan: (
      call: grpc.ServerUnaryCall<unknown, unknown>,
      reply: grpc.sendUnaryData<{ planJson: string }>,
    ) => reply(null, { planJson: `plan from ${call.getPath() && address}` }),
  };
  server.addService(coordinatorService, handlers as unknown as CoordinatorHandlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const address = `127.0.0.1:${port}`;
  return address;
}

/** Opens one session and says whether it was welcomed. */
function session(link: GrpcLink): Promise<boolean> {
  return new Promise((resolve) => {
    const stream = link.openSession(
      () => {
        resolve(true);
        stream.end();
      },
      () => resolve(false),
    );
  });
}

/** Sessions until one is welcomed, and how many were not. */
async function triesUntilWelcome(link: GrpcLink): Promise<number> {
  for (let tries = 0; tries < 20; tries++) if (await session(link)) return tries;
  throw new Error("nobody welcomed the worker");
}

test("a worker finds the active one of several, and calls go where it is", async () => {
  const [first, second] = [{ is: false }, { is: true }];
  const addresses = [await serve(first), await serve(second)];
  const link = new GrpcLink({ coordinator: `127.0.0.1:9,${addresses}` });
  expect(await triesUntilWelcome(link)).toBe(2);
  expect(await link.getPlan("s")).toBe(`plan from ${addresses[1]}`);
  // It stays where it was answered.
  expect(await triesUntilWelcome(link)).toBe(0);
  second.is = false;
  first.is = true;
  expect(await triesUntilWelcome(link)).toBeLessThanOrEqual(3);
  expect(await link.getPlan("s")).toBe(`plan from ${addresses[0]}`);
  link.close();
});

test("a file that says where the coordinator is is read again, and may come late", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "endpoint-")), "endpoint");
  const link = new GrpcLink({ coordinator: `file:${file}` });
  expect(await session(link)).toBe(false);
  const first = await serve({ is: true });
  writeFileSync(file, `${first}\n`);
  expect(await session(link)).toBe(true);
  servers.pop()!.forceShutdown();
  const second = await serve({ is: true });
  writeFileSync(file, `${second}\n`);
  expect(await session(link)).toBe(true);
  expect(await link.getPlan("s")).toBe(`plan from ${second}`);
  link.close();
});

test("what is no address is named", () => {
  const addresses = (coordinator: string) => coordinatorAddresses({ coordinator } as Connection);
  expect(addresses("a:1, b:2")).toEqual(["a:1", "b:2"]);
  expect(() => addresses("a:1,b")).toThrow(/'b' is not HOST:PORT/);
  expect(() => addresses("http://a:1")).toThrow(/is not HOST:PORT/);
  expect(() => addresses(",")).toThrow(/no address is there/);
  expect(() => addresses("file:/nowhere/endpoint")).toThrow(/--endpoint-file writes it/);
});
