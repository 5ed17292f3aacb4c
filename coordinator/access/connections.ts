import { createServer, type Server, type Socket } from "node:net";
import type * as grpc from "@grpc/grpc-js";
import { afterUnheld } from "../../shared/clock.ts";
import { FailureError, messageOf } from "../../shared/errors.ts";
import { CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX } from "../../shared/limits.ts";

/** A connection over which nothing has come for so long at its beginning is given up. */
const FIRST_BYTE_MS = 10_000;

/** The listening socket of a gRPC server, which counts connections before it hands them over. */
export class Connections {
  /** The port that was bound. */
  readonly port: number;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as { port: number }).port;
  }

  /** Listens for `to`; port 0 takes a free one. @throws FailureError */
  static async open(
    to: grpc.Server,
    host: string,
    port: number,
    credentials: grpc.ServerCredentials,
    log: (line: string) => void,
  ): Promise<Connections> {
    const injector = to.createConnectionInjector(credentials);
    const open = new Map<string, number>();
    let all = 0;
    let refusedLoudly = false;
    const server = createServer({ noDelay: true }, (socket) => {
      const from = socket.remoteAddress ?? "";
      const here = open.get(from) ?? 0;
      const limit =
        all >= CONNECTIONS_MAX
          ? "CONNECTIONS_MAX"
          : here >= CONNECTIONS_PER_ADDRESS_MAX
            ? "CONNECTIONS_PER_ADDRESS_MAX"
            : undefined;
      if (limit !== undefined) {
        // Before a handshake there is nobody to tell.
        socket.destroy();
        if (!refusedLoudly) {
          log(`connections from ${from} are refused: ${here} of ${all} are open (${limit})`);
        }
        refusedLoudly = true;
        return;
      }
      all++;
      open.set(from, here + 1);
      socket.on("error", () => {});
      socket.once("close", () => {
        all--;
        refusedLoudly = false;
        const left = open.get(from)! - 1;
        if (left === 0) open.delete(from);
        else open.set(from, left);
      });
      expectFirstByte(socket);
      injector.injectConnection(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: host.replace(/^\[(.*)\]$/, "$1"), port }, resolve);
    }).catch((error: unknown) => {
      throw new FailureError({
        place: `${host}:${port}`,
        problem: `cannot listen there: ${messageOf(error)}`,
        fix: "give a free port and an address of this machine with --listen HOST:PORT",
      });
    });
    return new Connections(server);
  }

  /** Takes no further connections. Those that are open are the gRPC server's. */
  close(): void {
    this.server.close();
  }
}

function expectFirstByte(socket: Socket): void {
  const cancel = afterUnheld(FIRST_BYTE_MS, () => {
    if (socket.bytesRead === 0) socket.destroy();
  });
  socket.once("close", cancel);
}
