import * as grpc from "@grpc/grpc-js";
import { coordinatorService } from "../../shared/rpc.ts";
import { type ListeningServer, openServer, type ServerSecurity } from "./grpc_server.ts";

/**
 * Answers in place of a coordinator that does not lead. `whoLeads`: what callers are told.
 * @throws FailureError if it cannot listen there
 */
export async function serveStandby(
  host: string,
  port: number,
  whoLeads: () => string,
  security: ServerSecurity = {},
): Promise<ListeningServer> {
  const refusals = Object.values(coordinatorService).map(
    ({ originalName, responseStream }) =>
      [originalName!, refuse(responseStream, whoLeads)] as const,
  );
  return openServer(Object.fromEntries(refusals), host, port, security);
}

function refuse(responseStream: boolean, whoLeads: () => string): grpc.UntypedHandleCall {
  const error = () => ({
    code: grpc.status.UNAVAILABLE,
    details: `this coordinator stands by; ${whoLeads()}`,
  });
  if (responseStream) {
    return (call: grpc.ServerWritableStream<unknown, unknown>) => {
      call.emit("error", error());
    };
  }
  return (_call: unknown, reply: grpc.sendUnaryData<unknown>) => reply(error());
}
