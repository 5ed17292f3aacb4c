import * as grpc from "@grpc/grpc-js";
import { messageOf, UsageError } from "../../shared/errors.ts";
import type { DatasetChunk } from "../../shared/generated/phasesweep/v1/DatasetChunk.ts";
import type { DatasetMessage__Output } from "../../shared/generated/phasesweep/v1/DatasetMessage.ts";
import type { DatasetReceipt } from "../../shared/generated/phasesweep/v1/DatasetReceipt.ts";
import type { GetDatasetRequest__Output } from "../../shared/generated/phasesweep/v1/GetDatasetRequest.ts";
import { roomIn } from "../../shared/rpc.ts";
import { DatasetGone, type DatasetStore, type IncomingDataset } from "../dataset_store.ts";

/** Takes one streamed data set; nothing stays of one that is refused or torn. */
export async function receiveDataset(
  call: grpc.ServerReadableStream<DatasetMessage__Output, DatasetReceipt>,
  datasets: DatasetStore,
  reply: grpc.sendUnaryData<DatasetReceipt>,
): Promise<void> {
  let incoming: IncomingDataset | undefined;
  call.on("cancelled", () => call.destroy(new Error("the sender went away")));
  try {
    // A stream that is destroyed could not carry the refusal.
    for await (const message of call.iterator({ destroyOnReturn: false })) {
      const { header, chunk } = message as DatasetMessage__Output;
      if (header && incoming === undefined) {
        incoming = await datasets.receive(header.digest, header.bytes);
      } else if (chunk && incoming !== undefined) await incoming.write(chunk as Buffer);
      else throw notADataset();
    }
    if (incoming === undefined) throw notADataset();
    await incoming.finish();
    reply(null, {});
  } catch (error) {
    await incoming?.discard();
    const isRefused = error instanceof UsageError;
    const code = isRefused ? grpc.status.FAILED_PRECONDITION : grpc.status.INTERNAL;
    reply({ code, details: messageOf(error) });
    // What still comes has to be read, or the sender would wait for room for ever.
    call.resume();
  }
}

function notADataset(): UsageError {
  return new UsageError({
    place: "data set",
    problem: "what came is not one header, then chunks",
    fix: "send it with `phasesweep submit`",
  });
}

/** Streams a data set to a worker; `gone` is called if it is not there, or damaged. */
export async function sendDataset(
  call: grpc.ServerWritableStream<GetDatasetRequest__Output, DatasetChunk>,
  datasets: DatasetStore,
  gone: () => Promise<void>,
): Promise<void> {
  try {
    for await (const chunk of datasets.read(call.request.digest)) {
      if (call.cancelled) return;
      if (!call.write({ chunk: chunk as Buffer })) await roomIn(call);
    }
    call.end();
  } catch (error) {
    const isGone = error instanceof DatasetGone;
    if (isGone) await gone();
    const code = isGone ? grpc.status.NOT_FOUND : grpc.status.INTERNAL;
    call.emit("error", { code, details: messageOf(error) });
  }
}
