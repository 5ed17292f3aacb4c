import * as grpc from "@grpc/grpc-js";
import { messageOf } from "../../shared/errors.ts";
import { MESSAGE_BYTES_MAX, SMALL_REQUEST_BYTES_MAX } from "../../shared/limits.ts";

/** A request that no handler sees, with the status that it is answered with. */
export class BadRequest {
  readonly code: grpc.status;
  readonly details: string;

  constructor(code: grpc.status, details: string) {
    this.code = code;
    this.details = details;
  }
}

/** Only a plan is large; the others are refused before anything is made of their bytes. */
const LARGE = "/phasesweep.v1.Coordinator/Submit";

/**
 * A service whose requests that are too large or no messages become BadRequest: gRPC would answer
 * them with an internal error that says nothing. The call limits turn them into a status.
 */
export function withCheckedRequests<Service extends grpc.ServiceDefinition>(
  service: Service,
): Service {
  const checked = Object.entries(service).map(([name, method]) => {
    const parse = method.requestDeserialize;
    const bytes_max = method.path === LARGE ? MESSAGE_BYTES_MAX : SMALL_REQUEST_BYTES_MAX;
    const limit = method.path === LARGE ? "MESSAGE_BYTES_MAX" : "SMALL_REQUEST_BYTES_MAX";
    const requestDeserialize = (bytes: Buffer) => {
      if (bytes.length > bytes_max) {
        const details = `the request has ${bytes.length} bytes, over the limit of ${bytes_max} (${limit})`;
        return new BadRequest(grpc.status.RESOURCE_EXHAUSTED, details);
      }
      try {
        return parse(bytes);
      } catch (error) {
        const details = `the request is no message of this method: ${messageOf(error)}`;
        return new BadRequest(grpc.status.INVALID_ARGUMENT, details);
      }
    };
    return [name, { ...method, requestDeserialize }];
  });
  return Object.fromEntries(checked) as Service;
}
