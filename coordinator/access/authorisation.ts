import * as grpc from "@grpc/grpc-js";
import { roleNeeded } from "../../shared/security/roles.ts";
import type { Access } from "./access.ts";

const AUTHORIZATION = "authorization";

/** A call that its caller may not make. */
export interface RefusedCall {
  readonly path: string;
  /** The caller's address. */
  readonly peer: string;
  readonly reason: string;
}

/** Lets a call through to its handler if whose it is may make it, and answers with a status if not. */
export function authorisation(
  access: Access,
  refused: (call: RefusedCall) => void = () => {},
): grpc.ServerInterceptor {
  return ({ path }, call) => {
    let forget = () => {};
    return new grpc.ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, forward) {
            const role = roleNeeded(path);
            const refuse = (code: grpc.status, details: string) => {
              refused({ path, peer: call.getPeer(), reason: details });
              call.sendStatus({ code, details });
            };
            if (role === undefined) {
              refuse(grpc.status.PERMISSION_DENIED, `${path} is open to nobody here`);
              return;
            }
            if (role !== null) {
              const [shown] = metadata.get(AUTHORIZATION);
              const { sslPeerCertificate } = call.getAuthContext();
              const key = sslPeerCertificate?.pubkey;
              const verdict = access.judge(shown?.toString(), key, role);
              if ("refused" in verdict) {
                const isUnknown = verdict.refused === "unauthenticated";
                const { UNAUTHENTICATED, PERMISSION_DENIED } = grpc.status;
                refuse(isUnknown ? UNAUTHENTICATED : PERMISSION_DENIED, verdict.reason);
                return;
              }
              forget = access.keep(verdict.holder, (reason) =>
                refuse(grpc.status.UNAUTHENTICATED, reason),
              );
            }
            // Handlers have no use for the token.
            metadata.remove(AUTHORIZATION);
            forward(metadata);
          },
          onCancel: () => forget(),
        });
      },
      sendStatus(status, next) {
        forget();
        next(status);
      },
    });
  };
}
