import type * as grpc from "@grpc/grpc-js";
import type { CoordinatorClient } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { CoordinatorMessage__Output } from "../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { GetPlanResponse__Output } from "../shared/generated/phasesweep/v1/GetPlanResponse.ts";
import type { PartHeader } from "../shared/generated/phasesweep/v1/PartHeader.ts";
import type { WorkerMessage } from "../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { PART_CHUNK_BYTES, SMALL_PART_BYTES_MAX } from "../shared/limits.ts";
import { call, connectCoordinator } from "../shared/rpc.ts";
import { datasetErrorOf, linkErrorOf } from "./link_error.ts";
import { SmallPartStream } from "./small_part_stream.ts";

/** A worker's way to its coordinator. */
export interface Link {
  /** How errors name the coordinator. */
  readonly place: string;
  /** Opens a session; `ended` is called once, when it is over for whatever reason. */
  openSession(
    received: (message: CoordinatorMessage__Output) => void,
    ended: () => void,
  ): SessionStream;
  /** The plan of a sweep as JSON. */
  getPlan(sweep: string): Promise<string>;
  /** The bytes of a stored data set in chunks. @throws LinkError */
  getDataset(digest: string): AsyncIterable<Uint8Array>;
  /**
   * Hands in one part. Resolves once the coordinator has it on disk and in its journal, or had its
   * cells already. @throws LinkError
   */
  sendPart(header: PartHeader, bytes: Uint8Array): Promise<void>;
  close(): void;
}

export interface SessionStream {
  /** Sends if the stream is still there; a message to a broken one is lost. */
  send(message: WorkerMessage): void;
  end(): void;
}

/** The link over gRPC to a coordinator at `HOST:PORT`. */
export class GrpcLink implements Link {
  readonly place: string;
  private readonly client: CoordinatorClient;
  private readonly smallParts: SmallPartStream;

  constructor(address: string) {
    this.place = address;
    this.client = connectCoordinator(address);
    this.smallParts = new SmallPartStream(this.client);
  }

  openSession(
    received: (message: CoordinatorMessage__Output) => void,
    ended: () => void,
  ): SessionStream {
    const stream = this.client.Session();
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      ended();
    };
    stream.on("data", received);
    stream.on("error", end);
    stream.on("end", end);
    return {
      send(message) {
        if (stream.writable) stream.write(message);
      },
      end: () => stream.end(),
    };
  }

  async getPlan(sweep: string): Promise<string> {
    const { planJson } = await call<GetPlanResponse__Output>((callback) => {
      this.client.GetPlan({ sweep }, callback);
    });
    return planJson;
  }

  async *getDataset(digest: string): AsyncIterable<Uint8Array> {
    const stream = this.client.GetDataset({ digest });
    try {
      for await (const { chunk } of stream) yield chunk as Buffer;
    } catch (error) {
      throw datasetErrorOf(error as grpc.ServiceError);
    } finally {
      stream.cancel();
    }
  }

  sendPart(header: PartHeader, bytes: Uint8Array): Promise<void> {
    return bytes.length <= SMALL_PART_BYTES_MAX
      ? this.smallParts.send(header, bytes)
      : this.sendLargePart(header, bytes);
  }

  close(): void {
    this.smallParts.close();
    this.client.close();
  }

  private async sendLargePart(header: PartHeader, bytes: Uint8Array): Promise<void> {
    try {
      await call((callback) => {
        const stream = this.client.SendPart(callback);
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
    } catch (error) {
      throw linkErrorOf(error as grpc.ServiceError);
    }
  }
}
