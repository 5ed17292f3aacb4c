import * as grpc from "@grpc/grpc-js";
import { expect, test } from "vitest";
import type { Coordinator } from "../../coordinator/coordinator.ts";
import { serveCoordinator } from "../../coordinator/server.ts";
import { connectCoordinator } from "../../shared/rpc.ts";

test("whoever watches a sweep that is not there hears so", async () => {
  const empty = { planJson: () => undefined, close: async () => {} } as unknown as Coordinator;
  const server = await serveCoordinator(empty, "127.0.0.1", 0, { lease_ms: 1000, renew_ms: 100 });
  const client = connectCoordinator(server.address);
  try {
    const error = await new Promise<grpc.ServiceError>((resolve) => {
      client
        .Watch({ sweep: "nothing" })
        .on("error", resolve)
        .on("data", () => {});
    });
    expect(error.code).toBe(grpc.status.NOT_FOUND);
    expect(error.details).toContain("no sweep 'nothing' here");
  } finally {
    client.close();
    await server.close();
  }
});
