import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Chunks that one call writes (IOV_MAX of Linux). */
const CALL_CHUNKS = 1024;

/**
 * Writes bytes so that the final name appears only with the whole content on disk:
 * temporary name → fsync → rename. The caller syncs the folder (syncPath) before it relies on it.
 */
export async function writeDurably(
  path: string,
  bytes: Uint8Array,
  temporary = `${path}.partial`,
): Promise<void> {
  try {
    // Not through a link that somebody planted under this name.
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // On a full disk what was written of it would take the room of the next attempt.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Writes a new file and syncs its content. The caller syncs its folder, once for many files. */
export async function writeSynced(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "wx");
  try {
    await writeAll(file, chunks);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Writes chunks without joining them in memory, in as few calls as the system allows. */
async function writeAll(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  for (let at = 0; at < chunks.length; at += CALL_CHUNKS) {
    const some = chunks.slice(at, at + CALL_CHUNKS);
    const length = some.reduce((sum, chunk) => sum + chunk.length, 0);
    const { bytesWritten } = await file.writev(some);
    // A full disk may take a part of it; the rest then says what is wrong.
    if (bytesWritten < length) await file.writeFile(Buffer.concat(some).subarray(bytesWritten));
  }
}

/** Gives a finished temporary file its final name, durably. */
export async function publishDurably(temporary: string, path: string): Promise<void> {
  await syncPath(temporary);
  await rename(temporary, path);
  await syncPath(dirname(path));
}

/** Makes a file's content, or the names within a folder, durable. */
export async function syncPath(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    await handle.sync();
  } finally {
    await handle?.close();
  }
}
