import * as grpc from "@grpc/grpc-js";
import { STATUS_CHARACTERS_MAX } from "../../shared/limits.ts";

/**
 * Nothing follows the status of a call: whoever refuses one in its middle need not know what its
 * handler is about to write, which would destroy the stream without its status, and leave the client
 * waiting for it. What a status says is made fit for a header. To be nearest to the wire.
 */
export const oneStatus: grpc.ServerInterceptor = (_method, call) => {
  let isOver = false;
  return new grpc.ServerInterceptingCall(call, {
    sendMetadata(metadata, next) {
      if (!isOver) next(metadata);
    },
    sendMessage(message, next) {
      if (!isOver) next(message);
    },
    sendStatus(status, next) {
      if (isOver) return;
      isOver = true;
      next({ ...status, details: headerText(status.details ?? "") });
    },
  });
};

/**
 * Text that a header can hold. Half of a surrogate pair, which anybody can put into a name, would
 * throw where the header is encoded.
 */
function headerText(text: string): string {
  const cut =
    text.length > STATUS_CHARACTERS_MAX ? `${text.slice(0, STATUS_CHARACTERS_MAX)}…` : text;
  return cut.replace(/\p{Cs}/gu, "\uFFFD");
}
