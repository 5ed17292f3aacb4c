import { KERNEL_VERSIONS } from "../shared/kernel_version.ts";
import { packageVersion } from "../shared/package_info.ts";

/** What a worker of this release registers with, beside what it is. */
export const RELEASE = { version: packageVersion, kernel_versions: KERNEL_VERSIONS };
