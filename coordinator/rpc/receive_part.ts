import * as grpc from "@grpc/grpc-js";
import { sha256Hex } from "../../shared/canonical.ts";
import type { PartHeader__Output } from "../../shared/generated/phasesweep/v1/PartHeader.ts";
import type { PartMessage__Output } from "../../shared/generated/phasesweep/v1/PartMessage.ts";
import type { PartReceipt } from "../../shared/generated/phasesweep/v1/PartReceipt.ts";
import type { SmallPartReceipt } from "../../shared/generated/phasesweep/v1/SmallPartReceipt.ts";
import type { SmallPartReceipts } from "../../shared/generated/phasesweep/v1/SmallPartReceipts.ts";
import type { SmallParts__Output } from "../../shared/generated/phasesweep/v1/SmallParts.ts";
import { MESSAGES_UNREAD_MAX } from "../../shared/limits.ts";
import { groupIndexOf } from "../../shared/plan.ts";
import { statedVersion } from "../../shared/protocol.ts";
import type { Coordinator } from "../coordinator.ts";
import type { PartOutcome } from "../parts_in_hand.ts";
import { partProblem } from "../results/part_check.ts";
import type { IncomingParts } from "./incoming_parts.ts";
import { claimProblem } from "./part_claims.ts";

/**
 * Gathers one streamed part, checks it against its header and the plan, and hands it to the
 * coordinator. A torn part is asked for again; one that the merge could not use is refused for good,
 * as there would be nobody to ask once the merge finds out.
 */
export function receivePart(
  call: grpc.ServerReadableStream<PartMessage__Output, PartReceipt>,
  coordinator: Coordinator,
  reply: grpc.sendUnaryData<PartReceipt>,
  incomingParts: IncomingParts,
): void {
  let header: PartHeader__Output | undefined;
  let chunks: Buffer[] = [];
  let received = 0;
  let answered = false;

  const answer = (code: grpc.status, details: string) => {
    if (answered) return;
    answered = true;
    chunks = [];
    incoming.end();
    reply({ code, details });
  };
  const incoming = incomingParts.begin(call.getPeer(), (reason) =>
    answer(grpc.status.UNAVAILABLE, reason),
  );

  call.on("data", (message: PartMessage__Output) => {
    if (answered) return;
    if (message.message === "header" && header === undefined) {
      header = message.header!;
      const problem = headerProblem(coordinator, header);
      if (problem !== undefined) answer(problem.code, problem.details);
    } else if (message.message === "chunk" && header !== undefined) {
      const chunk = message.chunk as Buffer;
      received += chunk.length;
      if (received > header.bytes) answer(grpc.status.DATA_LOSS, "more bytes than announced");
      else {
        chunks.push(chunk);
        incoming.add(chunk.length);
      }
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
    // From here on they are counted as waiting for the disk.
    incoming.end();
    const settled = (outcome: PartOutcome | TornPart) => {
      if (outcome.outcome === "torn") answer(grpc.status.DATA_LOSS, outcome.reason);
      else if (outcome.outcome === "retry") answer(grpc.status.UNAVAILABLE, outcome.reason);
      else if (outcome.outcome === "refused") {
        answer(grpc.status.FAILED_PRECONDITION, outcome.reason);
      } else if (!answered) {
        answered = true;
        reply(null, { outcome: outcome.outcome });
      }
    };
    handOver(coordinator, header, bytes, settled, contentProblem);
  });

  const over = () => {
    answered = true;
    chunks = [];
    incoming.end();
  };
  call.on("error", over);
  call.on("cancelled", over);
}

/**
 * Receives small parts, many on one stream, with the same checks, and answers in groups as they
 * become durable.
 */
export function receiveSmallParts(
  call: grpc.ServerDuplexStream<SmallParts__Output, SmallPartReceipts>,
  coordinator: Coordinator,
): void {
  let receipts: SmallPartReceipt[] = [];
  const answer = (receipt: SmallPartReceipt) => {
    receipts.push(receipt);
    if (receipts.length > 1) return;
    // A group is settled in one go, so its receipts are all there before the next task.
    queueMicrotask(() => {
      if (call.writableLength > MESSAGES_UNREAD_MAX) {
        const details = `${call.writableLength} receipts are not read (MESSAGES_UNREAD_MAX)`;
        call.emit("error", { code: grpc.status.RESOURCE_EXHAUSTED, details });
      } else if (call.writable) call.write({ receipts });
      receipts = [];
    });
  };
  call.on("data", ({ parts }: SmallParts__Output) => {
    for (const { number, header, bytes } of parts) {
      const problem =
        header === null ? "a part without a header" : headerProblem(coordinator, header)?.details;
      if (header === null || problem !== undefined) {
        answer({ number, outcome: "refused", reason: problem ?? "" });
        continue;
      }
      const settled = (outcome: PartOutcome | TornPart) => answer({ number, ...outcome });
      handOver(coordinator, header, bytes, settled, contentProblem);
    }
  });
  call.on("end", () => call.end());
  // What it brought is committed all the same; the worker sends again what it heard nothing of.
  call.on("error", () => {});
}

/** Answers for a part that is all here, and tells the observer. */
function observed(
  { clock, observer }: Coordinator,
  { worker, host, sweep, lease, startedMs }: PartHeader__Output,
  bytes: number,
  answer: (outcome: PartOutcome | TornPart) => void,
): (outcome: PartOutcome | TornPart) => void {
  const arrived_ms = clock.nowMs();
  const ahead_ms = startedMs - clock.wallMs();
  return (outcome) => {
    const waited_ms = clock.nowMs() - arrived_ms;
    const part = { worker, host, sweep, lease, bytes, waited_ms, ahead_ms };
    observer.partSettled?.({ reason: undefined, ...part, ...outcome });
    answer(outcome);
  };
}

/** Why a part of this header is refused, whatever its bytes are, or undefined. */
function headerProblem(
  coordinator: Coordinator,
  header: PartHeader__Output,
): { readonly code: grpc.status; readonly details: string } | undefined {
  const plan = coordinator.watch.plan(header.sweep);
  if (plan === undefined) {
    return { code: grpc.status.NOT_FOUND, details: `no sweep '${header.sweep}' here` };
  }
  const problem = claimProblem(plan, header);
  return problem === undefined
    ? undefined
    : { code: grpc.status.INVALID_ARGUMENT, details: problem };
}

interface TornPart {
  readonly outcome: "torn";
  readonly reason: string;
}

/** What is wrong with the bytes of a part, or undefined. */
type ContentCheck = typeof contentProblem;

function contentProblem(
  coordinator: Coordinator,
  { sweep, firstCell, cellCount }: PartHeader__Output,
  bytes: Buffer,
): string | undefined {
  const plan = coordinator.watch.plan(sweep)!;
  const { shape } = plan.groups[groupIndexOf(plan, firstCell)]!;
  return partProblem(bytes, shape, cellCount);
}

/**
 * Gives a part to the coordinator if its bytes are those that the header announces, and pass the
 * check where there is one. `answer` is called once; "torn" asks for the same part again.
 */
export function handOver(
  coordinator: Coordinator,
  header: PartHeader__Output,
  bytes: Uint8Array,
  answer: (outcome: PartOutcome | TornPart) => void,
  check?: ContentCheck,
): void {
  const settled = observed(coordinator, header, bytes.length, answer);
  const sha256 = sha256Hex(bytes);
  if (bytes.length !== header.bytes || sha256 !== header.sha256) {
    const reason = `${bytes.length} of ${header.bytes} bytes with sha256 ${sha256}, announced ${header.sha256}`;
    settled({ outcome: "torn", reason });
    return;
  }
  const problem = check?.(coordinator, header, bytes as Buffer);
  if (problem !== undefined) {
    settled({ outcome: "refused", reason: problem });
    return;
  }
  const { lazy = 0, catapult = 0, divergent = 0, unsettled = 0 } = header.phases ?? {};
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
    version: statedVersion(header.version),
    slot: header.slot,
    started_ms: header.startedMs,
    settled,
  });
}
