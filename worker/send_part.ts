import * as grpc from "@grpc/grpc-js";
import type { CoordinatorClient } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { PartHeader } from "../shared/generated/phasesweep/v1/PartHeader.ts";
import { PART_CHUNK_BYTES } from "../shared/limits.ts";
import { call } from "../shared/rpc.ts";

/**
 * Streams one part. Resolves once the coordinator has it on disk and in its journal (or had its
 * cells already). @throws grpc.ServiceError
 */
export async function sendPart(
  client: CoordinatorClient,
  header: PartHeader,
  bytes: Uint8Array,
): Promise<void> {
  await call((callback) => {
    const stream = client.SendPart(callback);
    // An error also reaches the callback; without a listener it would end the process.
    stream.on("error", () => {});
    stream.write({ header });
    for (let at = 0; at < bytes.length; at += PART_CHUNK_BYTES) {
      const length = Math.min(PART_CHUNK_BYTES, bytes.length - at);
      // A view: the bytes are copied once, into the message.
      stream.write({ chunk: Buffer.from(bytes.buffer, bytes.byteOffset + at, length) });
    }
    stream.end();
  });
}

/** Whether sending the same part again may succeed: the line broke, or the bytes were torn. */
export function isWorthSendingAgain(error: unknown): boolean {
  const { code } = error as grpc.ServiceError;
  return (
    code === grpc.status.UNAVAILABLE ||
    code === grpc.status.DATA_LOSS ||
    code === grpc.status.CANCELLED ||
    code === grpc.status.INTERNAL
  );
}
