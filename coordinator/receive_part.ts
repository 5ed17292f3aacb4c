import * as grpc from "@grpc/grpc-js";
import { sha256Hex } from "../shared/canonical.ts";
import type { PartHeader__Output } from "../shared/generated/phasesweep/v1/PartHeader.ts";
import type { PartMessage__Output } from "../shared/generated/phasesweep/v1/PartMessage.ts";
import type { PartReceipt } from "../shared/generated/phasesweep/v1/PartReceipt.ts";
import { PART_BYTES_MAX } from "../shared/limits.ts";
import type { Coordinator } from "./coordinator.ts";

/**
 * Gathers one streamed part, checks it against its header and hands it to the coordinator. A part
 * that is torn, too long or not what its sha256 says is refused, and the worker sends it again.
 */
export function receivePart(
  call: grpc.ServerReadableStream<PartMessage__Output, PartReceipt>,
  coordinator: Coordinator,
  reply: grpc.sendUnaryData<PartReceipt>,
): void {
  let header: PartHeader__Output | undefined;
  let chunks: Buffer[] = [];
  let received = 0;
  let answered = false;

  const answer = (code: grpc.status, details: string) => {
    if (answered) return;
    answered = true;
    chunks = [];
    reply({ code, details });
  };

  call.on("data", (message: PartMessage__Output) => {
    if (answered) return;
    if (message.message === "header" && header === undefined) {
      header = message.header!;
      if (header.bytes > PART_BYTES_MAX) {
        answer(
          grpc.status.RESOURCE_EXHAUSTED,
          `the part has ${header.bytes} bytes, over the limit of ${PART_BYTES_MAX} (PART_BYTES_MAX)`,
        );
      }
    } else if (message.message === "chunk" && header !== undefined) {
      const chunk = message.chunk as Buffer;
      received += chunk.length;
      if (received > header.bytes) answer(grpc.status.DATA_LOSS, "more bytes than announced");
      else chunks.push(chunk);
    } else {
      answer(grpc.status.INVALID_ARGUMENT, "a part is one header, then chunks");
    }
  });

  call.on("end", () => {
    if (answered) return;
    if (header === undefined) {
      answer(grpc.status.INVALID_ARGUMENT, "a part without a header");
      return;
    }
    const bytes = Buffer.concat(chunks);
    chunks = [];
    const sha256 = sha256Hex(bytes);
    if (bytes.length !== header.bytes || sha256 !== header.sha256) {
      answer(
        grpc.status.DATA_LOSS,
        `${bytes.length} of ${header.bytes} bytes with sha256 ${sha256}, announced ${header.sha256}`,
      );
      return;
    }
    const { lazy, catapult, divergent, unsettled } = header.phases ?? {
      lazy: 0,
      catapult: 0,
      divergent: 0,
      unsettled: 0,
    };
    coordinator.partArrived({
      part: {
        worker: header.worker,
        lease: header.lease,
        sweep: header.sweep,
        range: { first: header.firstCell, end: header.firstCell + header.cellCount },
        phases: [lazy, catapult, divergent, unsettled],
        compute_ms: header.computeMs,
      },
      bytes,
      sha256,
      host: header.host,
      slot: header.slot,
      started_ms: header.startedMs,
      settled(outcome) {
        if (outcome.outcome === "refused") {
          answer(grpc.status.FAILED_PRECONDITION, outcome.reason);
          return;
        }
        if (answered) return;
        answered = true;
        reply(null, { outcome: outcome.outcome });
      },
    });
  });

  call.on("error", () => {
    answered = true;
    chunks = [];
  });
}
