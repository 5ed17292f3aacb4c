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
  // Of a limit against floods (shared/limits.ts).
  grpc.status.RESOURCE_EXHAUSTED,
];

export function linkErrorOf({ code, details, message }: grpc.ServiceError): LinkError {
  return new LinkError(details ?? message, PASSING.includes(code));
}

/**
 * Of a call for a data set. One that the coordinator has not got says nothing about the cells: the
 * coordinator fails the sweep itself.
 */
export function datasetErrorOf(error: grpc.ServiceError): LinkError {
  const { message, passing } = linkErrorOf(error);
  return new LinkError(message, passing || error.code === grpc.status.NOT_FOUND);
}
