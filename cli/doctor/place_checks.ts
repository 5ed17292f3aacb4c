import { existsSync, mkdtempSync, rmdirSync, statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import type { HostAndPort } from "../http_options.ts";
import { type Check, failedCheck, ok, problem, warning } from "./check.ts";

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;
const DISK_WARNING_BYTES = GIB;
const DISK_PROBLEM_BYTES = 100 * MIB;

/** Whether results can be written to a folder, which need not be there yet, and how much of them. */
export function folderCheck(check: string, folder: string, isAsked: boolean): Check {
  try {
    const there = nearestFolder(resolve(folder));
    if (!statSync(there).isDirectory()) {
      return problem(check, `${there} is a file`, "give the path of a folder", isAsked);
    }
    // Rights tell only half of it: file systems are read-only, and quotas used up.
    try {
      rmdirSync(mkdtempSync(join(there, ".phasesweep-doctor-")));
    } catch (error) {
      throw Object.assign(error as Error, { path: there });
    }
    const { bavail, bsize } = statfsSync(there);
    const free = Number(bavail) * Number(bsize);
    const found = `${folder} can be written to, ${(free / GIB).toFixed(1)} GiB free`;
    const fix = "make room, or give a folder on another disk with --results";
    if (free < DISK_PROBLEM_BYTES) return problem(check, found, fix, isAsked);
    if (free < DISK_WARNING_BYTES) return warning(check, found, fix, isAsked);
    return ok(check, found, isAsked);
  } catch (error) {
    return failedCheck(check, error, isAsked);
  }
}

/** The folder, or the first above it that is there. */
function nearestFolder(path: string): string {
  const above = dirname(path);
  return existsSync(path) || above === path ? path : nearestFolder(above);
}

/** Whether a coordinator could listen there. */
export async function portCheck({ host, port }: HostAndPort, isAsked: boolean): Promise<Check> {
  const place = `${host}:${port}`;
  const server = createServer();
  try {
    await new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen({ host, port }, done);
    });
    return ok("port", `${place} is free`, isAsked);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE" && !isAsked) {
      const fix =
        "a coordinator may be there already (`phasesweep status`); otherwise --listen HOST:0";
      return warning("port", `${place} is taken`, fix);
    }
    return failedCheck("port", error, isAsked);
  } finally {
    server.close();
  }
}
