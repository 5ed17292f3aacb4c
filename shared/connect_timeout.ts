import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { afterUnheld } from "./clock.ts";

/** A peer that has said nothing so long after a connection was asked for is not there. */
const FIRST_BYTE_MS = 5_000;

/**
 * Gives every connection that this process opens a time within which the other side must speak.
 * grpc-js has none: where packets vanish without a trace (a cut line, a firewall) an attempt would
 * hang for two minutes, until the kernel gives it up, and where the peer stands still it would for
 * ever, as keepalive begins after the handshake only.
 */
export function limitConnecting(): void {
  subscribe("net.client.socket", (message) => {
    const { socket } = message as { socket: Socket };
    const cancel = afterUnheld(FIRST_BYTE_MS, () => {
      if (socket.bytesRead === 0) {
        socket.destroy(new Error(`no answer within ${FIRST_BYTE_MS / 1000} s`));
      }
    });
    socket.once("close", cancel);
  });
}
