import * as grpc from "@grpc/grpc-js";
import { type Connection, coordinatorAddresses, mayMove } from "../shared/connection.ts";
import { UsageError } from "../shared/errors.ts";
import type { CoordinatorClient } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { CoordinatorMessage__Output } from "../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { GetPlanResponse__Output } from "../shared/generated/phasesweep/v1/GetPlanResponse.ts";
import type { PartHeader } from "../shared/generated/phasesweep/v1/PartHeader.ts";
import type { WorkerMessage } from "../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { PART_CHUNK_BYTES, SMALL_PART_BYTES_MAX } from "../shared/limits.ts";
import { call, connectCoordinator } from "../shared/rpc.ts";
import { credentialProblem } from "../shared/security/tls_problem.ts";
import { datasetErrorOf, LinkError, linkErrorOf } from "./link_error.ts";
import { SmallPartStream } from "./small_part_stream.ts";

/** A worker's way to its coordinator. */
export interface Link {
  /** How errors name the coordinator. */
  readonly place: string;
  /** The longest wait between two tries to reach it. */
  readonly retry_ms_max: number;
  /**
   * Opens a session; `ended` is called once, when it is over for whatever reason. `refused`: what is
   * wrong with the credentials of this side, which trying again does not mend.
   */
  openSession(
    received: (message: CoordinatorMessage__Output) => void,
    ended: (refused?: string) => void,
  ): SessionStream;
  /** The plan of a sweep as JSON. @throws LinkError */
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

/** One coordinator is not to be overrun by workers that come back all at once. */
const FIXED_RETRY_MS = 5_000;
/** Where there are several places to look at, a standby takes over within seconds. */
const MOVING_RETRY_MS = 1_000;

/** One of the places where the coordinator may be. */
interface Way {
  readonly address: string;
  readonly client: CoordinatorClient;
  readonly smallParts: SmallPartStream;
}

/**
 * The link over gRPC. Each session is opened at the next of the coordinator's addresses unless the
 * one before had an answer; everything else goes where the last session was opened.
 */
export class GrpcLink implements Link {
  readonly place: string;
  readonly retry_ms_max: number;
  private readonly connection: Connection;
  /** Where the coordinator was looked for last; undefined before the first time. */
  private way: Way | undefined;
  /** Whether somebody spoke in the last session. */
  private answered = true;
  private closed = false;

  constructor(connection: Connection) {
    this.connection = connection;
    this.place = connection.coordinator;
    this.retry_ms_max = mayMove(connection) ? MOVING_RETRY_MS : FIXED_RETRY_MS;
  }

  openSession(
    received: (message: CoordinatorMessage__Output) => void,
    ended: (refused?: string) => void,
  ): SessionStream {
    let over = false;
    const end = (refused?: string) => {
      if (over) return;
      over = true;
      ended(refused);
    };
    let stream: ReturnType<CoordinatorClient["Session"]>;
    try {
      if (!this.answered || mayMove(this.connection)) this.choose();
      stream = this.here().client.Session();
    } catch (error) {
      // The file that says where the coordinator is may come yet; credentials do not mend.
      queueMicrotask(() => end(error instanceof UsageError ? error.message : undefined));
      return { send() {}, end() {} };
    }
    this.answered = false;
    stream.on("data", (message: CoordinatorMessage__Output) => {
      this.answered = true;
      received(message);
    });
    const { address } = this.here();
    stream.on("error", (error) => {
      const { credentials } = this.connection;
      // Once somebody has spoken, a line that breaks is one.
      const folder = this.answered ? undefined : credentials;
      void credentialProblem(error, address, folder).then(end);
    });
    // A stream ends before its error is known, which may be for the credentials.
    stream.on("status", ({ code }) => {
      if (code === grpc.status.OK) end();
    });
    return {
      send(message) {
        if (stream.writable) stream.write(message);
      },
      end: () => stream.end(),
    };
  }

  async getPlan(sweep: string): Promise<string> {
    try {
      const { planJson } = await call<GetPlanResponse__Output>((callback) => {
        this.here().client.GetPlan({ sweep }, callback);
      });
      return planJson;
    } catch (error) {
      throw linkErrorOf(error as grpc.ServiceError);
    }
  }

  async *getDataset(digest: string): AsyncIterable<Uint8Array> {
    const stream = this.here().client.GetDataset({ digest });
    try {
      for await (const { chunk } of stream) yield chunk as Buffer;
    } catch (error) {
      throw datasetErrorOf(error as grpc.ServiceError);
    } finally {
      stream.cancel();
    }
  }

  async sendPart(header: PartHeader, bytes: Uint8Array): Promise<void> {
    if (bytes.length <= SMALL_PART_BYTES_MAX) await this.here().smallParts.send(header, bytes);
    else await this.sendLargePart(header, bytes);
  }

  close(): void {
    this.closed = true;
    this.leave();
  }

  /** The present way; at first to the first address. @throws as coordinatorAddresses, LinkError once closed */
  private here(): Way {
    if (this.closed) throw new LinkError("the link is closed", false);
    if (this.way === undefined) this.go(coordinatorAddresses(this.connection)[0]!);
    return this.way!;
  }

  /** Stays where somebody answered, and goes on to the next address where nobody did. */
  private choose(): void {
    const addresses = coordinatorAddresses(this.connection);
    const at = addresses.indexOf(this.way?.address ?? "");
    // Credentials are read again with every new way: they may have been renewed.
    const isOnly = addresses.length === 1 && this.connection.credentials === undefined;
    if (at !== -1 && (this.answered || isOnly)) return;
    this.go(addresses[(at + 1) % addresses.length]!);
  }

  private go(address: string): void {
    this.leave();
    const client = connectCoordinator(address, this.connection);
    this.way = { address, client, smallParts: new SmallPartStream(client) };
  }

  /** What is on its way there fails as by a line that broke, and is sent again. */
  private leave(): void {
    const { way } = this;
    this.way = undefined;
    way?.smallParts.close();
    way?.client.close();
  }

  private async sendLargePart(header: PartHeader, bytes: Uint8Array): Promise<void> {
    try {
      await call((callback) => {
        const stream = this.here().client.SendPart(callback);
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
