import type { Problem } from "../../shared/errors.ts";

/** What mends the errors of the operating system that users meet. */
const FIXES: Readonly<Record<string, readonly [problem: string, fix: string]>> = {
  ENOSPC: ["the disk is full", "make room, and run the same command again"],
  EDQUOT: ["the disk quota is used up", "make room, and run the same command again"],
  EACCES: ["no permission", "give a place to which this user has the rights, or change its rights"],
  EPERM: ["not permitted", "give a place to which this user has the rights, or change its rights"],
  EROFS: ["the file system is read-only", "give a folder that can be written to"],
  ENOENT: ["no such file or folder", "check the path"],
  EISDIR: ["it is a folder, and a file is wanted", "give the path of a file"],
  ENOTDIR: ["a part of the path is a file, not a folder", "give another path"],
  EEXIST: ["it is there already", "give another path, or remove what is there"],
  EMFILE: ["too many open files", "raise the limit with `ulimit -n 4096`"],
  ENFILE: ["too many open files on this machine", "close other programs"],
  ENOMEM: ["no memory is left", "use fewer --workers or --slots"],
  EADDRINUSE: [
    "another program listens there",
    "give another port, or port 0 for one that is free",
  ],
  EADDRNOTAVAIL: [
    "this machine does not have that address",
    "give one of its own, 127.0.0.1 for this machine only or 0.0.0.0 for all",
  ],
  ENOTFOUND: ["no machine has that name", "check the name, or give an address"],
};

interface SystemError {
  readonly code?: unknown;
  readonly path?: unknown;
  readonly dest?: unknown;
  readonly address?: unknown;
  readonly hostname?: unknown;
  readonly port?: unknown;
}

/** "IO Error: Could not write file "a/b.parquet.partial": No space left on device" */
const DUCK_DB =
  /^IO Error: .*?"(.+)": (Permission denied|No space left on device|Read-only file system|Disk quota exceeded)/s;
const CODES: Readonly<Record<string, string>> = {
  "Permission denied": "EACCES",
  "No space left on device": "ENOSPC",
  "Read-only file system": "EROFS",
  "Disk quota exceeded": "EDQUOT",
};

/** The problem in an error of the operating system, or undefined if it is none that users meet. */
export function systemProblem(thrown: unknown): Problem | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const duckDb = DUCK_DB.exec(thrown.message);
  if (duckDb !== null) {
    const [, path = "", words = ""] = duckDb;
    return systemProblem(Object.assign(new Error(words), { path, code: CODES[words] }));
  }
  const { code, path, address, hostname, port } = thrown as SystemError;
  const found = typeof code === "string" ? FIXES[code] : undefined;
  if (found === undefined) return undefined;
  const host = address ?? hostname;
  const place =
    typeof path === "string"
      ? path.replace(/\.partial$/, "")
      : host === undefined
        ? "phasesweep"
        : `${host}${port === undefined ? "" : `:${port}`}`;
  const [problem, fix] = found;
  return { place, problem: `${problem} (${code})`, fix };
}
