import { type FileHandle, open } from "node:fs/promises";
import type { Commit } from "../../journal/journal.ts";
import type { Storage } from "../../storage.ts";
import type { Slices } from "./slices.ts";

/**
 * Gives the bytes of some parts of one file that they share, in slices; they are good until `use`
 * returns. @throws Error if the file is gone meanwhile
 */
export async function readSharedParts(
  storage: Storage,
  commits: readonly Commit[],
  slices: Slices,
  use: (commit: Commit, bytes: Buffer) => void,
): Promise<void> {
  const path = storage.partPath(commits[0]!.file);
  const first = commits.reduce((least, { offset }) => Math.min(least, offset!), Infinity);
  const end = commits.reduce((most, { offset, bytes }) => Math.max(most, offset! + bytes), 0);
  const all = Buffer.allocUnsafe(end - first);
  const file = await open(path, "r");
  try {
    await readFully(file, all, first, path);
  } finally {
    await file.close();
  }
  for (const commit of commits) {
    const at = commit.offset! - first;
    use(commit, all.subarray(at, at + commit.bytes));
    if (slices.isOver) await slices.next();
  }
}

/** Where a commit says that a part is there is none. */
export function noPart({ file, offset }: Commit): Error {
  return new Error(`${file} holds no part at byte ${offset}`);
}

async function readFully(
  file: FileHandle,
  bytes: Buffer,
  from: number,
  path: string,
): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, from + at);
    if (bytesRead === 0) throw new Error(`${path} ends before byte ${from + bytes.length}`);
    at += bytesRead;
  }
}
