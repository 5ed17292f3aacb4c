import { readFileSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../shared/package_info.ts";
import type { MachineFacts } from "./machine_checks.ts";

/** Looks at this machine. */
export function machineFacts(variables: readonly string[]): MachineFacts {
  const { engines } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
    engines: { node: string };
  };
  const constrained = process.constrainedMemory();
  return {
    node: process.version,
    node_wanted: engines.node,
    cores: availableParallelism(),
    cores_allowed: cgroupCores(),
    memory_free_bytes: availableMemory(),
    // Without a limit it is 0, or a number beyond all memory.
    memory_allowed_bytes: constrained > 0 && constrained < 2 ** 53 ? constrained : undefined,
    isTty: process.stdout.isTTY === true,
    columns: process.stdout.columns,
    env: process.env,
    variables,
  };
}

/** What programs could have: free memory of Linux leaves out caches, which give way. */
function availableMemory(): number {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(textOf("/proc/meminfo"))?.[1];
  return kib === undefined ? freemem() : 1024 * Number(kib);
}

/** The share of processors that a container's group has: "200000 100000" is two. */
function cgroupCores(): number | undefined {
  const [quota, period] = textOf("/sys/fs/cgroup/cpu.max").trim().split(" ").map(Number);
  if (quota !== undefined && period !== undefined) return shareOf(quota, period);
  const folder = "/sys/fs/cgroup/cpu";
  return shareOf(
    Number(textOf(`${folder}/cpu.cfs_quota_us`)),
    Number(textOf(`${folder}/cpu.cfs_period_us`)),
  );
}

function shareOf(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
