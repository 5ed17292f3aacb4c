import * as grpc from "@grpc/grpc-js";
import { expect, test } from "vitest";
import type { Coordinator } from "../../../coordinator/coordinator.ts";
import { JournalLost } from "../../../coordinator/journal/journal.ts";
import { serveCoordinator } from "../../../coordinator/rpc/server.ts";
import type {
  SweepStatus,
  SweepStatus__Output,
} from "../../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { connectCoordinator } from "../../../shared/rpc.ts";

const LEASE = { lease_ms: 1000, renew_ms: 100 };

test("whoever watches a sweep that is not there hears so", async () => {
  const empty = { planJson: () => undefined, close: async () => {} } as unknown as Coordinator;
  const server = await serveCoordinator(empty, "127.0.0.1", 0, LEASE);
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

test("a sweep whose end is reported twice ends its watchers once", async () => {
  let report: (status: SweepStatus) => void = () => {};
  const watch = {
    subscribe(_: string, listener: typeof report) {
      report = listener;
      listener({ state: "running" });
      return () => {};
    },
  };
  const fake = { watch, planJson: () => "{}", close: async () => {} } as unknown as Coordinator;
  const server = await serveCoordinator(fake, "127.0.0.1", 0, LEASE);
  const client = connectCoordinator(server.address);
  const states: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const stream = client.Watch({ sweep: "s" });
    stream.on("data", ({ state }: SweepStatus__Output) => {
      states.push(state);
      if (state !== "running") return;
      report({ state: "failed" });
      report({ state: "failed" });
    });
    stream.on("end", resolve);
    stream.on("error", reject);
  });
  expect(states).toEqual(["running", "failed"]);
  client.close();
  await server.close();
});

test("what a lost journal refuses may be asked of the next coordinator", async () => {
  const lost = new JournalLost("another coordinator has taken over", false);
  const refusing = (error: Error) =>
    ({ control: () => Promise.reject(error), close: async () => {} }) as unknown as Coordinator;
  for (const [error, code] of [
    [lost, grpc.status.UNAVAILABLE],
    [new Error("no"), grpc.status.FAILED_PRECONDITION],
  ] as const) {
    const server = await serveCoordinator(refusing(error), "127.0.0.1", 0, LEASE);
    const client = connectCoordinator(server.address);
    const got = await new Promise<grpc.ServiceError | null>((resolve) => {
      client.Control({ sweep: "s", control: "paused" }, (refused) => resolve(refused));
    });
    expect(got).toMatchObject({ code, details: error.message });
    client.close();
    await server.close();
  }
});
