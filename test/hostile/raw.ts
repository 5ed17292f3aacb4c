import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { coordinatorService } from "../../shared/rpc.ts";
import { COORDINATOR_NAME, type Identity } from "../../shared/security/credentials.ts";

/** Whom a client pretends to be; all may be missing or another's. */
export interface Disguise {
  readonly identity: Partial<Identity>;
  readonly authorization?: string;
}

/** A gRPC client over TLS that shows what it is told to. */
export function disguised(address: string, { identity, authorization }: Disguise): grpc.Client {
  const { ca, cert, key } = identity;
  const tls = grpc.credentials.createSsl(ca ?? null, key ?? null, cert ?? null);
  const metadata = new grpc.Metadata();
  if (authorization !== undefined) metadata.set("authorization", authorization);
  const token = grpc.credentials.createFromMetadataGenerator((_, give) => give(null, metadata));
  return new grpc.Client(address, grpc.credentials.combineChannelCredentials(tls, token), {
    "grpc.ssl_target_name_override": COORDINATOR_NAME,
    "grpc.default_authority": COORDINATOR_NAME,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_send_message_length": -1,
  });
}

const same = (bytes: Buffer) => bytes;
const DEADLINE_MS = 30_000;

/** Calls a method with messages as bytes; resolves with its status: "OK", "NAME: details". */
export function answerTo(
  client: grpc.Client,
  method: keyof typeof coordinatorService & string,
  ...messages: Buffer[]
): Promise<string> {
  const { path } = coordinatorService[method]!;
  return new Promise((resolve) => {
    const stream = client.makeBidiStreamRequest(path, same, same, {
      deadline: new Date(Date.now() + DEADLINE_MS),
    });
    let refusal = "";
    stream.on("data", (bytes: Buffer) => {
      refusal ||= readable(method, bytes);
    });
    stream.on("error", () => {});
    stream.on("status", ({ code, details }: grpc.StatusObject) => {
      const name = grpc.status[code];
      resolve(code === grpc.status.OK ? refusal || name : `${name}: ${details}`);
    });
    for (const message of messages) stream.write(message);
    stream.end();
  });
}

/** What an answer refuses, where that is in the answer and not in the status. */
function readable(method: string, bytes: Buffer): string {
  if (method === "Session") {
    const { refusal } = coordinatorService.Session.responseDeserialize(bytes);
    return refusal ? `refused: ${refusal.reason}` : "";
  }
  if (method === "SendSmallParts") {
    const [receipt] = coordinatorService.SendSmallParts.responseDeserialize(bytes).receipts ?? [];
    return receipt ? `${receipt.outcome}: ${receipt.reason}` : "";
  }
  return "";
}

export function encoded(method: keyof typeof coordinatorService & string, message: object): Buffer {
  return coordinatorService[method]!.requestSerialize(message as never);
}

/** A socket to the coordinator, with a handshake as `identity` where there is one. */
function open(address: string, identity: Partial<Identity> | undefined): Socket {
  const [host = "", port = ""] = address.split(":");
  if (identity === undefined) return connectPlain({ host, port: Number(port) });
  return connectTls({
    ...{ host, port: Number(port), ...identity },
    ...{ servername: COORDINATOR_NAME, ALPNProtocols: ["h2"] },
  });
}

/** Sends bytes over a bare socket, and says how that ended: what a stranger hears, and no more. */
export function bareAnswer(
  address: string,
  identity: Partial<Identity> | undefined,
  bytes: Buffer | string,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(address, identity);
    let received = 0;
    const ended = (how: string) => {
      socket.destroy();
      resolve(received === 0 ? `${how}, not one byte answered` : how);
    };
    socket.on(identity === undefined ? "connect" : "secureConnect", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      received += chunk.length;
    });
    socket.on("end", () => ended("the connection was closed"));
    socket.on("error", () => ended("the connection was closed"));
    socket.on("close", () => ended("the connection was closed"));
  });
}

export const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A frame of HTTP/2 whose header says so many bytes, whatever follows. */
export function frame(bytes: number, type: number, stream: number, content: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(bytes, 0, 3);
  header[3] = type;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, content]);
}
