import * as grpc from "@grpc/grpc-js";
import { coordinatorService } from "../../shared/rpc.ts";
import { mutated, mutatedBytes } from "./mutate.ts";
import type { Seeded } from "./seeded.ts";

/** Valid messages of each method, in the order in which a client would send them. */
export type ValidMessages = Readonly<Record<keyof typeof coordinatorService & string, object[]>>;

/** A call has ended for good before this, or has been forgotten by the coordinator. */
const DEADLINE_MS = 60_000;
const MESSAGES_PER_STREAM = 20;

const same = (bytes: Buffer) => bytes;

/** Sends broken messages, one call after another, and counts what they are answered with. */
export class FuzzClient {
  /** Calls by "Method STATUS". */
  readonly counts = new Map<string, number>();
  sent = 0;
  /** Calls that were not answered in time: the method, and the bytes of each message. */
  readonly unanswered: string[] = [];
  private readonly client: grpc.Client;
  private readonly valid: ValidMessages;
  private readonly seeded: Seeded;

  constructor(address: string, valid: ValidMessages, seeded: Seeded) {
    // A connection of its own: the rate of calls is limited for each.
    this.client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_send_message_length": -1,
    });
    this.valid = valid;
    this.seeded = seeded;
  }

  close(): void {
    this.client.close();
  }

  /** One call of any method with broken messages; resolves when it has ended. */
  async call(): Promise<void> {
    const { seeded } = this;
    const method = seeded.pick(Object.keys(this.valid)) as keyof ValidMessages;
    const { path, requestStream, responseStream } = coordinatorService[method]!;
    const options = { deadline: new Date(Date.now() + DEADLINE_MS) };
    let story: string = method;
    const status = await new Promise<grpc.status>((resolve) => {
      const done = (error: grpc.ServiceError | null) =>
        resolve(error === null ? grpc.status.OK : error.code);
      const listen = (stream: grpc.ClientReadableStream<Buffer>) => {
        stream.on("data", () => {});
        stream.on("error", () => {});
        stream.on("status", ({ code }: grpc.StatusObject) => resolve(code));
        // A watcher would be told of a sweep for as long as it runs.
        if (!requestStream) setTimeout(() => stream.cancel(), 20);
      };
      const [message] = this.messages(method, 1);
      if (!requestStream && !responseStream) {
        this.client.makeUnaryRequest(path, same, same, message!, options, done);
      } else if (!requestStream) {
        listen(this.client.makeServerStreamRequest(path, same, same, message!, options));
      } else {
        const stream = responseStream
          ? this.client.makeBidiStreamRequest(path, same, same, options)
          : this.client.makeClientStreamRequest(path, same, same, options, done);
        stream.on("error", () => {});
        if (responseStream) listen(stream as grpc.ClientDuplexStream<Buffer, Buffer>);
        const messages = this.messages(method, MESSAGES_PER_STREAM);
        story = `${method} ${messages.map(({ length }) => length)}`;
        for (const bytes of messages) stream.write(bytes);
        stream.end();
      }
    });
    if (status === grpc.status.DEADLINE_EXCEEDED) this.unanswered.push(story);
    const key = `${method} ${grpc.status[status]}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  /** Messages of a method: the valid ones in order, and then any, nearly all of them broken. */
  private messages(method: keyof ValidMessages, count: number): Buffer[] {
    const { seeded } = this;
    const valid = this.valid[method]!;
    const length = count === 1 ? 1 : 1 + seeded.below(count);
    return Array.from({ length }, (_, i) => {
      this.sent++;
      // Behind a first message that is sound the others get further.
      const isFirst = i === 0 && count > 1;
      const message = isFirst ? valid[0]! : seeded.pick(valid);
      return this.encoded(method, message, isFirst ? 0.5 : 0.02);
    });
  }

  private encoded(method: keyof ValidMessages, message: object, sound: number): Buffer {
    const { seeded } = this;
    const { requestSerialize } = coordinatorService[method]!;
    if (seeded.chance(sound)) return requestSerialize(message as never);
    if (seeded.chance(0.05)) return seeded.bytes(seeded.below(200));
    let bytes: Buffer;
    try {
      bytes = requestSerialize(mutated(message, seeded) as never);
    } catch {
      // What protobuf cannot even write is broken as bytes.
      return mutatedBytes(requestSerialize(message as never), seeded);
    }
    return seeded.chance(0.2) ? mutatedBytes(bytes, seeded) : bytes;
  }
}
