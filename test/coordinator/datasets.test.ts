import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { sendDatasets, storeDatasets } from "../../cli/send_datasets.ts";
import type { Coordinator } from "../../coordinator/coordinator.ts";
import { FolderDatasets } from "../../coordinator/dataset_store.ts";
import { type CoordinatorServer, serveCoordinator } from "../../coordinator/rpc/server.ts";
import { sha256Hex } from "../../shared/canonical.ts";
import { encodeDataset, type StoredDataset } from "../../shared/dataset_object.ts";
import type { CoordinatorClient } from "../../shared/generated/phasesweep/v1/Coordinator.ts";
import type { DatasetMessage } from "../../shared/generated/phasesweep/v1/DatasetMessage.ts";
import { call, connectCoordinator } from "../../shared/rpc.ts";
import { GrpcLink } from "../../worker/link.ts";
import { temporaryFolder } from "../e2e/cli.ts";

const SMALL = vi.hoisted(() => ({ DATASET_BYTES_MAX: 1_000_000, DATASETS_MAX: 3 }));
vi.mock("../../shared/limits.ts", async (original) => ({
  ...(await original<object>()),
  ...SMALL,
}));

function stored(seed: number, samples = 4, features = 3): StoredDataset {
  const values = Float64Array.from({ length: samples * features }, (_, i) => seed + i / 7);
  const y = Array.from({ length: samples }, (_, i) => (i % 2 === 0 ? 1 : -1));
  return encodeDataset(`data${seed}`, { y, values, samples, features });
}

const gone = vi.fn(async () => {});
let folder = "";
let server: CoordinatorServer;
let client: CoordinatorClient;

beforeAll(async () => {
  const fake = {
    get datasets() {
      return new FolderDatasets(folder);
    },
    datasetsChanged: gone,
    close: async () => {},
  } as unknown as Coordinator;
  server = await serveCoordinator(fake, "127.0.0.1", 0, { lease_ms: 1000, renew_ms: 100 });
  client = connectCoordinator(server.address);
});

afterAll(async () => {
  client.close();
  await server.close();
});

beforeEach(() => {
  folder = join(temporaryFolder(), "datasets");
});

function names(): string[] {
  return readdirSync(folder).sort();
}

/** Sends messages as they are, and resolves with the error that answers. */
async function answerTo(...messages: DatasetMessage[]): Promise<grpc.ServiceError> {
  return await call((callback) => {
    const stream = client.SendDataset(callback);
    stream.on("error", () => {});
    for (const message of messages) stream.write(message);
    stream.end();
  }).then(
    () => {
      throw new Error("accepted");
    },
    (error) => error,
  );
}

async function fetched(digest: string): Promise<Buffer> {
  const link = new GrpcLink({ coordinator: server.address });
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of link.getDataset(digest)) chunks.push(chunk);
  } finally {
    link.close();
  }
  return Buffer.concat(chunks);
}

test("what is sent is there, once, and comes back byte for byte", async () => {
  const [small, large] = [stored(1), stored(2, 400, 300)];
  await sendDatasets(client, [small, large]);
  await sendDatasets(client, [small, large]);
  expect(names()).toEqual([small, large].map(({ reference }) => reference.digest).sort());
  for (const { reference, bytes } of [small, large]) {
    expect((await fetched(reference.digest)).equals(bytes)).toBe(true);
  }
  const store = new FolderDatasets(folder);
  expect(await store.find(large.reference.digest)).toMatchObject({ samples: 400, features: 300 });
  await store.keepOnly([small.reference.digest]);
  expect(names()).toEqual([small.reference.digest]);
});

const { reference, bytes } = stored(1);
const header = { digest: reference.digest, bytes: bytes.length };
const chunk = Buffer.from(bytes);

test.each<[string, DatasetMessage[], string]>([
  ["a torn stream", [{ header }, { chunk: chunk.subarray(0, 50) }], "torn: 50 of"],
  ["more than announced", [{ header }, { chunk }, { chunk }], "more than the"],
  [
    "other bytes",
    [{ header: { ...header, digest: sha256Hex("other") } }, { chunk }],
    `have sha256 ${reference.digest}`,
  ],
  ["a name that is no digest", [{ header: { ...header, digest: "../evil" } }], "no sha256"],
  ["too many bytes", [{ header: { ...header, bytes: 1e9 } }], "1000000 (DATASET_BYTES_MAX)"],
  ["nothing", [], "not one header, then chunks"],
  ["chunks first", [{ chunk }], "not one header, then chunks"],
  ["two headers", [{ header }, { header }], "not one header, then chunks"],
  [
    "what is no data set",
    [
      { header: { digest: sha256Hex("x".repeat(50)), bytes: 50 } },
      { chunk: Buffer.from("x".repeat(50)) },
    ],
    "no data set in the stored form",
  ],
])("%s: refused, and nothing of it stays", async (_, messages, words) => {
  mkdirSync(folder);
  const error = await answerTo(...messages);
  expect(error.details).toContain(words);
  expect(error.details).toContain("fix: ");
  expect(names()).toEqual([]);
});

test("more data sets than the limit are refused", async () => {
  await storeDatasets(new FolderDatasets(folder), [stored(1), stored(2), stored(3)]);
  await expect(sendDatasets(client, [stored(4, 400, 300)])).rejects.toThrow(
    "3 data sets already (DATASETS_MAX)",
  );
  expect(names()).toHaveLength(3);
});

test("what a dead process left half written goes with the next one that comes", async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, `${reference.digest}.0.partial`), "half");
  await sendDatasets(client, [stored(1)]);
  expect(names()).toEqual([reference.digest]);
});

test("a disk that does not take it is told with the folder", async () => {
  writeFileSync(folder, "a file in its place");
  await expect(sendDatasets(client, [stored(1)])).rejects.toThrow(
    new RegExp(`${folder}: the data set cannot be stored: .*EEXIST`),
  );
});

test("a sender that goes away leaves nothing", async () => {
  const stream = client.SendDataset(() => {});
  stream.on("error", () => {});
  stream.write({ header });
  stream.write({ chunk: chunk.subarray(0, 50) });
  await vi.waitFor(() => expect(names()).toHaveLength(1));
  stream.cancel();
  await vi.waitFor(() => expect(names()).toHaveLength(0));
});

test("one that is gone, cut off or damaged is told to the coordinator", async () => {
  await expect(fetched(reference.digest)).rejects.toThrow("is not in");
  expect(gone).toHaveBeenCalledTimes(1);
  await sendDatasets(client, [stored(1)]);
  const path = join(folder, reference.digest);
  const damaged = readFileSync(path);
  damaged[60]! ^= 1;
  writeFileSync(path, damaged);
  await expect(fetched(reference.digest)).rejects.toThrow("was damaged");
  expect(gone).toHaveBeenCalledTimes(2);
  expect(names()).toEqual([]);

  await sendDatasets(client, [stored(1)]);
  writeFileSync(path, bytes.subarray(0, 70));
  expect(await new FolderDatasets(folder).find(reference.digest)).toBeUndefined();
  await sendDatasets(client, [stored(1)]);
  expect((await fetched(reference.digest)).equals(bytes)).toBe(true);
});
