import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Coordinator } from "../../../coordinator/coordinator.ts";
import { Health } from "../../../coordinator/rpc/health.ts";
import { type CoordinatorServer, serveCoordinator } from "../../../coordinator/rpc/server.ts";
import { packageRoot } from "../../../shared/package_info.ts";
import { COORDINATOR_SERVICE, newServer } from "../../../shared/rpc.ts";

/** Loads services as a client does that knows nothing of ours but the standard's names. */
function clientOf(file: string, folder: string, service: string, address: string): AnyClient {
  const definition = loadSync(file, { includeDirs: [folder], enums: String, oneofs: true });
  const Client = grpc.makeClientConstructor(
    definition[service] as grpc.ServiceDefinition,
    service,
  ) as unknown as new (
    address: string,
    credentials: grpc.ChannelCredentials,
  ) => AnyClient;
  return new Client(address, grpc.credentials.createInsecure());
}

// biome-ignore lint/suspicious/noExplicitAny: clients without generated types
type AnyClient = grpc.Client & Record<string, any>;

function healthClient(address: string): AnyClient {
  return clientOf(
    "grpc/health/v1/health.proto",
    `${packageRoot}/proto`,
    "grpc.health.v1.Health",
    address,
  );
}

function check(client: AnyClient, service: string): Promise<string> {
  return new Promise((resolve, reject) => {
    client["Check"]({ service }, (error: grpc.ServiceError | null, answer: { status: string }) =>
      error === null ? resolve(answer.status) : reject(error),
    );
  });
}

describe("a coordinator", () => {
  let server: CoordinatorServer;
  beforeAll(async () => {
    const fake = { close: async () => {} } as unknown as Coordinator;
    server = await serveCoordinator(fake, "127.0.0.1", 0, { lease_ms: 1000, renew_ms: 100 });
  });
  afterAll(() => server.close());

  test("says that it is well, and that its service is to be used", async () => {
    const client = healthClient(server.address);
    expect(await check(client, "")).toBe("SERVING");
    expect(await check(client, COORDINATOR_SERVICE)).toBe("SERVING");
    await expect(check(client, "another")).rejects.toMatchObject({ code: grpc.status.NOT_FOUND });
    client.close();
  });

  test("tells by reflection what services and messages there are", async () => {
    const folder = `${packageRoot}/node_modules/@grpc/reflection/build/proto`;
    const file = "grpc/reflection/v1/reflection.proto";
    const service = "grpc.reflection.v1.ServerReflection";
    const client = clientOf(file, folder, service, server.address);
    const stream = client["ServerReflectionInfo"]();
    const answers: Record<string, never>[] = [];
    const ended = new Promise((resolve) => stream.on("end", resolve));
    stream.on("data", (answer: Record<string, never>) => answers.push(answer));
    stream.write({ listServices: "*" });
    stream.write({ fileContainingSymbol: `${COORDINATOR_SERVICE}.Session` });
    // Names that every object has are no symbols of ours.
    stream.write({ fileContainingSymbol: "constructor" });
    stream.write({ fileByFilename: "../../../etc/passwd" });
    stream.end();
    await ended;
    client.close();
    const [services, file_of, inherited, path] = answers as unknown as {
      listServicesResponse: { service: { name: string }[] };
      fileDescriptorResponse: { fileDescriptorProto: Buffer[] };
      errorResponse: { errorCode: number };
    }[];
    expect(services!.listServicesResponse.service.map(({ name }) => name).sort()).toEqual([
      "grpc.health.v1.Health",
      COORDINATOR_SERVICE,
    ]);
    const text = Buffer.concat(file_of!.fileDescriptorResponse.fileDescriptorProto).toString();
    expect(text).toContain("SendSmallParts");
    expect(Buffer.concat(inherited!.fileDescriptorResponse?.fileDescriptorProto ?? [])).toEqual(
      Buffer.of(),
    );
    expect(path!.errorResponse.errorCode).toBe(grpc.status.NOT_FOUND);
  });
});

test("whoever watches hears of each change once, and of an unknown service that it is unknown", async () => {
  const health = new Health();
  const server = newServer();
  health.addTo(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = healthClient(`127.0.0.1:${port}`);
  const heard: string[] = [];
  let wanted = 1;
  let reached: () => void = () => {};
  const watch = (service: string) => {
    const stream = client["Watch"]({ service });
    stream.on("error", () => {});
    stream.on("data", ({ status }: { status: string }) => {
      heard.push(status);
      if (heard.length === wanted) reached();
    });
  };
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      wanted = count;
      if (heard.length >= count) resolve();
      else reached = resolve;
    });
  watch(COORDINATOR_SERVICE);
  await until(1);
  health.setServing(true);
  health.setServing(true);
  await until(2);
  health.setServing(false);
  await until(3);
  watch("nobody");
  await until(4);
  expect(heard).toEqual(["NOT_SERVING", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]);
  client.close();
  server.forceShutdown();
});
