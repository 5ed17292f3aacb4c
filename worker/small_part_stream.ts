import type * as grpc from "@grpc/grpc-js";
import { messageOf } from "../shared/errors.ts";
import type { CoordinatorClient } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { PartHeader } from "../shared/generated/phasesweep/v1/PartHeader.ts";
import type { SmallPart } from "../shared/generated/phasesweep/v1/SmallPart.ts";
import type { SmallPartReceipt__Output } from "../shared/generated/phasesweep/v1/SmallPartReceipt.ts";
import type { SmallPartReceipts__Output } from "../shared/generated/phasesweep/v1/SmallPartReceipts.ts";
import type { SmallParts } from "../shared/generated/phasesweep/v1/SmallParts.ts";
import { LinkError, linkErrorOf } from "./link_error.ts";

type Stream = grpc.ClientDuplexStream<SmallParts, SmallPartReceipts__Output>;

/** Bytes of parts from which on a message takes no further one. */
const MESSAGE_BYTES = 128 * 1024;

interface Sent {
  readonly resolve: () => void;
  readonly reject: (error: LinkError) => void;
}

/**
 * Hands in small parts on one stream, those that are finished together in one message. A stream
 * that breaks fails all parts that are on their way; the next part opens another.
 */
export class SmallPartStream {
  private readonly client: CoordinatorClient;
  private stream: Stream | undefined;
  /** Parts without a receipt, by number. */
  private sent = new Map<number, Sent>();
  private gathered: SmallPart[] = [];
  private gatheredBytes = 0;
  private numbers = 0;

  constructor(client: CoordinatorClient) {
    this.client = client;
  }

  /** Resolves once the coordinator has the part or had its cells already. @throws LinkError */
  send(header: PartHeader, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const number = this.numbers++ >>> 0;
      this.sent.set(number, { resolve, reject });
      // A view: the bytes are copied once, into the message.
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      this.gathered.push({ number, header, bytes: view });
      this.gatheredBytes += bytes.length;
      if (this.gatheredBytes >= MESSAGE_BYTES) this.flush();
      else if (this.gathered.length === 1) queueMicrotask(() => this.flush());
    });
  }

  close(): void {
    this.stream?.cancel();
  }

  private flush(): void {
    if (this.gathered.length === 0) return;
    try {
      this.stream ??= this.open();
    } catch (error) {
      // The channel is closed for good.
      this.failAll(new LinkError(messageOf(error), false));
      return;
    }
    this.stream.write({ parts: this.gathered });
    this.gathered = [];
    this.gatheredBytes = 0;
  }

  private failAll(error: LinkError): void {
    const lost = this.sent;
    this.sent = new Map();
    this.gathered = [];
    this.gatheredBytes = 0;
    for (const { reject } of lost.values()) reject(error);
  }

  private open(): Stream {
    const stream = this.client.SendSmallParts();
    const broken = (error: LinkError) => {
      if (this.stream !== stream) return;
      this.stream = undefined;
      this.failAll(error);
    };
    stream.on("data", ({ receipts }: SmallPartReceipts__Output) => {
      for (const receipt of receipts) this.settle(receipt);
    });
    stream.on("error", (error: grpc.ServiceError) => broken(linkErrorOf(error)));
    stream.on("end", () => broken(new LinkError("the coordinator ended the stream", true)));
    return stream;
  }

  private settle({ number, outcome, reason }: SmallPartReceipt__Output): void {
    const part = this.sent.get(number);
    this.sent.delete(number);
    if (outcome === "committed" || outcome === "duplicate") part?.resolve();
    else part?.reject(new LinkError(reason, outcome !== "refused"));
  }
}
