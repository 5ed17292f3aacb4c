import type { FileHandle } from "node:fs/promises";
import { SMALL_PART_BYTES_MAX } from "../../shared/limits.ts";
import type { Commit } from "../journal/journal.ts";

/** A part that has no place on the disk yet. */
export type UnplacedCommit = Omit<Commit, "file" | "offset">;

/** One file of the parts folder, and the commits of the parts in it. */
export interface PartFile {
  readonly file: string;
  /** The parts, one after another. */
  readonly chunks: readonly Uint8Array[];
  readonly commits: readonly Commit[];
}

/** Bytes from which on a file takes no further part. */
const FILE_BYTES = 16 * 1024 * 1024;

/**
 * Puts parts into files: large ones alone, small ones of the same sweep one after another, as a
 * file costs several syncs and a part of a few cells is small. A file never has two sweeps, since
 * parts go when their sweep is merged.
 */
export function placeParts(
  parts: readonly { readonly commit: UnplacedCommit; readonly bytes: Uint8Array }[],
  nextName: (sweep: string) => string,
): PartFile[] {
  const files: PartFile[] = [];
  const open = new Map<string, { chunks: Uint8Array[]; commits: Commit[]; length: number }>();
  const close = (sweep: string) => {
    const { chunks, commits } = open.get(sweep)!;
    open.delete(sweep);
    files.push({ file: commits[0]!.file, chunks, commits });
  };
  for (const { commit, bytes } of parts) {
    const { sweep } = commit;
    if (commit.bytes > SMALL_PART_BYTES_MAX) {
      const file = nextName(sweep);
      files.push({ file, chunks: [bytes], commits: [{ ...commit, file, offset: null }] });
      continue;
    }
    let shared = open.get(sweep);
    if (shared === undefined) {
      shared = { chunks: [], commits: [], length: 0 };
      open.set(sweep, shared);
    }
    const file = shared.commits[0]?.file ?? nextName(sweep);
    shared.commits.push({ ...commit, file, offset: shared.length });
    shared.chunks.push(bytes);
    shared.length += bytes.length;
    if (shared.length >= FILE_BYTES) close(sweep);
  }
  for (const sweep of [...open.keys()]) close(sweep);
  return files;
}

/** The bytes of a part in the open file that it shares with others. */
export async function readPart(file: FileHandle, commit: Commit): Promise<Buffer> {
  const buffer = Buffer.alloc(commit.bytes);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, commit.offset);
  if (bytesRead < buffer.length) {
    throw new Error(`${commit.file} ends before byte ${commit.offset! + buffer.length}`);
  }
  return buffer;
}

/** Different for every file, also after restarts: a part may come twice, and count in parts. */
export function partFileName(sweep: string, epoch: number, index: number): string {
  return `${sweep}-${epoch}.${index}.parquet`;
}

/** The start of a coordinator that named a file of the parts folder, if its name says so. */
export function epochOf(file: string): number | undefined {
  const [, epoch] = /-(\d+)[.-]\d+\.parquet$/.exec(file) ?? [];
  return epoch === undefined ? undefined : Number(epoch);
}
