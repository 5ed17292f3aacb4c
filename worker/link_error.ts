import * as grpc from "@grpc/grpc-js";

/** A call over the link failed. */
export class LinkError extends Error {
  /** Whether the same call may succeed later: the line broke, or bytes were torn. */
  readonly passing: boolean;

  constructor(message: string, passing: boolean) {
    super(message);
    this.name = "LinkError";
    this.passing = passing;
  }
}

const PASSING = [
  grpc.status.UNAVAILABLE,
  grpc.status.DATA_LOSS,
  grpc.status.CANCELLED,
  grpc.status.INTERNAL,
];

export function linkErrorOf({ code, details, message }: grpc.ServiceError): LinkError {
  return new LinkError(details ?? message, PASSING.includes(code));
}
