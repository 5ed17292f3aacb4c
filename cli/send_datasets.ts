import type { ClientWritableStream } from "@grpc/grpc-js";
import type { DatasetStore } from "../coordinator/dataset_store.ts";
import type { StoredDataset } from "../shared/dataset_object.ts";
import type { CoordinatorClient } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { DatasetMessage } from "../shared/generated/phasesweep/v1/DatasetMessage.ts";
import type { FindDatasetsResponse__Output } from "../shared/generated/phasesweep/v1/FindDatasetsResponse.ts";
import { DATASET_CHUNK_BYTES } from "../shared/limits.ts";
import { call, roomIn } from "../shared/rpc.ts";

/** Sends a coordinator the data sets that it lacks. @throws grpc.ServiceError if one is refused */
export async function sendDatasets(
  client: CoordinatorClient,
  stored: readonly StoredDataset[],
): Promise<void> {
  if (stored.length === 0) return;
  const digests = stored.map(({ reference }) => reference.digest);
  const { missing } = await call<FindDatasetsResponse__Output>((callback) => {
    client.FindDatasets({ digests }, callback);
  });
  for (const dataset of stored) {
    if (!missing.includes(dataset.reference.digest)) continue;
    await call((callback) => {
      const stream = client.SendDataset(callback);
      // An error also reaches the callback; without a listener it would end the process.
      stream.on("error", () => {});
      void writeAll(stream, messagesOf(dataset));
    });
  }
}

/** Writes messages as fast as they are taken. Where the call ends early, its callback says why. */
async function writeAll(
  stream: ClientWritableStream<DatasetMessage>,
  messages: Iterable<DatasetMessage>,
): Promise<void> {
  for (const message of messages) {
    if (stream.destroyed) return;
    if (!stream.write(message)) await roomIn(stream);
  }
  stream.end();
}

/** Puts data sets into the store of a coordinator in this process. @throws UsageError */
export async function storeDatasets(
  store: DatasetStore,
  stored: readonly StoredDataset[],
): Promise<void> {
  for (const { reference, bytes } of stored) {
    if ((await store.find(reference.digest)) !== undefined) continue;
    const incoming = await store.receive(reference.digest, bytes.length);
    try {
      await incoming.write(bytes);
      await incoming.finish();
    } finally {
      await incoming.discard();
    }
  }
}

function* messagesOf({ reference, bytes }: StoredDataset): Generator<DatasetMessage> {
  yield { header: { digest: reference.digest, bytes: bytes.length } };
  for (let at = 0; at < bytes.length; at += DATASET_CHUNK_BYTES) {
    const length = Math.min(DATASET_CHUNK_BYTES, bytes.length - at);
    yield { chunk: Buffer.from(bytes.buffer, bytes.byteOffset + at, length) };
  }
}
