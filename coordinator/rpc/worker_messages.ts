import type { Register__Output } from "../../shared/generated/phasesweep/v1/Register.ts";
import type { WorkerMessage__Output } from "../../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { MESSAGE_LEASES_MAX, WORKER_CLASSES_MAX } from "../../shared/limits.ts";
import { nameProblem } from "./names.ts";

/**
 * What is wrong with a message of a worker whatever the state of things, or undefined. The scheduler
 * relies on numbers being numbers, and on lists being of a length that a worker can have use for.
 */
export function messageProblem(message: WorkerMessage__Output): string | undefined {
  switch (message.message) {
    case "register":
      return registrationProblem(message.register!);
    case "renew": {
      const { leases } = message.renew!;
      const odd = leases.find(
        ({ cellsDone, cellsPerMs }) => !Number.isFinite(cellsDone) || !Number.isFinite(cellsPerMs),
      );
      if (odd !== undefined) return "a renewal says of a lease what is no number";
      return leasesProblem(leases.map(({ lease }) => lease));
    }
    case "release":
      return leasesProblem(message.release!.leases);
    case "failed":
      return leasesProblem([message.failed!.lease]);
    default:
      return undefined;
  }
}

function registrationProblem({
  numericClasses,
  kernelVersions,
  held,
}: Register__Output): string | undefined {
  if (kernelVersions.length > WORKER_CLASSES_MAX) {
    return `${kernelVersions.length} kernel versions are over the limit of ${WORKER_CLASSES_MAX} (WORKER_CLASSES_MAX)`;
  }
  if (numericClasses.length > WORKER_CLASSES_MAX) {
    return `${numericClasses.length} numeric classes are over the limit of ${WORKER_CLASSES_MAX} (WORKER_CLASSES_MAX)`;
  }
  for (const name of numericClasses) {
    const bad = nameProblem({ "numeric class": name });
    if (bad !== undefined) return bad;
  }
  return leasesProblem(held.map(({ lease }) => lease));
}

function leasesProblem(leases: readonly string[]): string | undefined {
  if (leases.length > MESSAGE_LEASES_MAX) {
    return `${leases.length} leases in one message are over the limit of ${MESSAGE_LEASES_MAX} (MESSAGE_LEASES_MAX)`;
  }
  for (const lease of leases) {
    const bad = nameProblem({ lease });
    if (bad !== undefined) return bad;
  }
  return undefined;
}
