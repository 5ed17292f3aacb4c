import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes bytes so that the final name appears only with the whole content on disk:
 * temporary name → fsync → rename. The caller syncs the folder (syncPath) before it relies on
 * the name, once for many files.
 */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.partial`;
  try {
    const file = await open(temporary, "w");
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
