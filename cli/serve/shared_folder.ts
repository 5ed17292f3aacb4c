import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { FolderLease } from "../../coordinator/journal/folder_lease.ts";
import { replaceJournal } from "../../coordinator/journal/journal_copy.ts";
import { systemClock } from "../../shared/clock.ts";
import { FailureError, messageOf } from "../../shared/errors.ts";

/**
 * A coordinator that nobody hears of for so long may be replaced. Network file systems show a change
 * to others late only where nobody opens the file anew, which whoever waits here does.
 */
const FOLDER_LEASE_MS = 16_000;

/**
 * Waits until no other coordinator has a folder that several machines can write to, and takes it. From
 * one that did not let go of it, also the journal. Undefined if it was stopped before.
 * @throws FailureError
 */
export async function holdSharedFolder(
  folder: string,
  note: (line: string) => void,
  isStopped: () => boolean,
): Promise<FolderLease | undefined> {
  let lease: FolderLease | undefined;
  try {
    await mkdir(folder, { recursive: true });
    lease = await FolderLease.acquire({
      folder,
      holder: { id: randomUUID(), host: hostname(), pid: process.pid },
      lease_ms: FOLDER_LEASE_MS,
      clock: systemClock,
      ...{ note, isStopped },
    });
  } catch (error) {
    throw new FailureError({
      place: folder,
      problem: `the results folder cannot be held: ${messageOf(error)}`,
      fix: "give a folder that can be written to with --results",
    });
  }
  if (lease?.isTakenOver) await replaceJournal(folder);
  return lease;
}
