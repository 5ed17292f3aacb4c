/**
 * The version of the kernels decides whose numbers may stand in one sweep: cells of equal identity
 * and equal kernel version are equal bits, whatever release computed them. It is part of a group's
 * identity (plan.ts), and a shard goes only to workers that have the kernels of its group.
 *
 * Raised for all shapes whenever a change of an engine changes any bit of any result. A new key of
 * shapes raises it too, but only for the shapes that have the key: what older workers would
 * overlook must not reach them.
 */
export const KERNEL_VERSION = 3;

/** The versions whose numbers the engines here give: several where newer ones only added keys. */
export const KERNEL_VERSIONS: readonly number[] = [KERNEL_VERSION];

/** That of release 0.1.0, whose plans and workers do not say theirs. */
const KERNEL_VERSION_UNSTATED = 3;

/** What a group says of its kernels: nothing where they are those of the first release. */
export interface KernelStatement {
  readonly kernel_version?: number;
}

export function kernelStatement(version: number): KernelStatement {
  return version === KERNEL_VERSION_UNSTATED ? {} : { kernel_version: version };
}

/** The kernels whose numbers the cells of a group are. */
export function kernelVersionOf({ kernel_version }: KernelStatement): number {
  return kernel_version ?? KERNEL_VERSION_UNSTATED;
}

/** The kernels of a worker that registered with these. */
export function statedKernels(versions: readonly number[]): readonly number[] {
  return versions.length === 0 ? [KERNEL_VERSION_UNSTATED] : versions;
}
