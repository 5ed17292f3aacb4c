import { createHash, type Hash } from "node:crypto";
import { constants, type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  OBJECT_HEADER_BYTES,
  type ObjectHeader,
  readObjectHeader,
} from "../shared/dataset_object.ts";
import { DATASET_DIGEST } from "../shared/datasets.ts";
import { FailureError, messageOf, UsageError } from "../shared/errors.ts";
import { DATASET_BYTES_MAX, DATASET_CHUNK_BYTES, DATASETS_MAX } from "../shared/limits.ts";
import { syncPath } from "./results/durable_file.ts";

/** The stored data sets of a coordinator, each under its digest. */
export interface DatasetStore {
  /** What is there under a digest; undefined if no whole data set that can be read is. */
  find(digest: string): Promise<ObjectHeader | undefined>;
  /**
   * Begins to take in a data set of so many bytes. @throws UsageError if it is not to be taken,
   * FailureError if it cannot be stored
   */
  receive(digest: string, bytes: number): Promise<IncomingDataset>;
  /**
   * The bytes of a data set in chunks, checked on the way. @throws DatasetGone if it is not there
   * or, at the end, if the bytes were not those of the digest; then it is removed.
   */
  read(digest: string): AsyncIterable<Uint8Array>;
  /** Removes all but these. */
  keepOnly(digests: readonly string[]): Promise<void>;
}

/** A data set on its way in. All throw FailureError where the disk does not do as it is told. */
export interface IncomingDataset {
  /** @throws UsageError on more bytes than were announced */
  write(chunk: Uint8Array): Promise<void>;
  /** Durable under its digest when it resolves. @throws UsageError unless the bytes are as announced */
  finish(): Promise<void>;
  /** Removes what came of it; without effect after finish. */
  discard(): Promise<void>;
}

/** A data set that sweeps need is not there, or damaged. */
export class DatasetGone extends Error {}

const PARTIAL = ".partial";

/** Data sets in a folder, which is made with the first of them. */
export class FolderDatasets implements DatasetStore {
  private readonly folder: string;
  private received = 0;
  private tidied: Promise<void> | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  async find(digest: string): Promise<ObjectHeader | undefined> {
    // What cannot be read is as good as gone: it has to be sent again.
    const file = await this.open(digest).catch(() => undefined);
    if (file === undefined) return undefined;
    try {
      const bytes = Buffer.alloc(OBJECT_HEADER_BYTES);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      const header = readObjectHeader(bytes.subarray(0, bytesRead));
      return header?.bytes === (await file.stat()).size ? header : undefined;
    } catch {
      return undefined;
    } finally {
      await file.close();
    }
  }

  async receive(digest: string, bytes: number): Promise<IncomingDataset> {
    if (!DATASET_DIGEST.test(digest)) {
      refuse(digest, "it is named by no sha256 in lower-case hexadecimal", "send its sha256");
    }
    if (!(bytes >= OBJECT_HEADER_BYTES && bytes <= DATASET_BYTES_MAX)) {
      const problem = `${bytes} bytes are over the limit of ${DATASET_BYTES_MAX} (DATASET_BYTES_MAX), or none`;
      refuse(digest, problem, "take fewer samples or features");
    }
    this.tidied ??= this.tidy().catch((error: unknown) => {
      this.tidied = undefined;
      throw error;
    });
    const names = await stored(this.folder, async () => {
      await this.tidied;
      return readdir(this.folder);
    });
    if (!names.includes(digest) && names.length >= DATASETS_MAX) {
      const problem = `${this.folder} holds ${DATASETS_MAX} data sets already (DATASETS_MAX)`;
      refuse(digest, problem, "remove those that no sweep needs any more");
    }
    const path = join(this.folder, digest);
    const temporary = `${path}.${this.received++}${PARTIAL}`;
    const file = await stored(this.folder, async () => {
      await rm(temporary, { force: true });
      return open(temporary, "wx");
    });
    return new IncomingFile(digest, bytes, path, temporary, file);
  }

  async *read(digest: string): AsyncIterable<Uint8Array> {
    const file = await this.open(digest);
    if (file === undefined) throw new DatasetGone(`data set ${digest} is not in ${this.folder}`);
    const hash = createHash("sha256");
    try {
      for await (const chunk of file.createReadStream({
        highWaterMark: DATASET_CHUNK_BYTES,
        autoClose: false,
      })) {
        hash.update(chunk);
        yield chunk;
      }
    } finally {
      await file.close();
    }
    if (hash.digest("hex") === digest) return;
    await rm(join(this.folder, digest), { force: true });
    throw new DatasetGone(`data set ${digest} in ${this.folder} was damaged`);
  }

  async keepOnly(digests: readonly string[]): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    for (const name of names) {
      if (!digests.includes(name)) await rm(join(this.folder, name), { force: true });
    }
  }

  /** Makes the folder, and removes what a process that died left half written. */
  private async tidy(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await syncPath(dirname(this.folder));
    for (const name of await readdir(this.folder)) {
      if (name.endsWith(PARTIAL)) await rm(join(this.folder, name), { force: true });
    }
  }

  private async open(digest: string): Promise<FileHandle | undefined> {
    if (!DATASET_DIGEST.test(digest)) return undefined;
    try {
      // A link that somebody planted would hand out whatever it leads to.
      return await open(join(this.folder, digest), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ELOOP") return undefined;
      throw error;
    }
  }
}

class IncomingFile implements IncomingDataset {
  private readonly digest: string;
  private readonly bytes: number;
  private readonly path: string;
  private readonly temporary: string;
  private readonly file: FileHandle;
  private readonly hash: Hash = createHash("sha256");
  private readonly head: Uint8Array[] = [];
  private written = 0;
  private isOpen = true;

  constructor(digest: string, bytes: number, path: string, temporary: string, file: FileHandle) {
    this.digest = digest;
    this.bytes = bytes;
    this.path = path;
    this.temporary = temporary;
    this.file = file;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.written < OBJECT_HEADER_BYTES) this.head.push(chunk.slice(0, OBJECT_HEADER_BYTES));
    this.written += chunk.length;
    if (this.written > this.bytes) {
      refuse(this.digest, `more than the ${this.bytes} bytes that were announced`, SEND_AGAIN);
    }
    this.hash.update(chunk);
    await stored(dirname(this.path), () => this.file.writeFile(chunk));
  }

  async finish(): Promise<void> {
    const { digest, bytes, written } = this;
    if (written !== bytes) {
      refuse(digest, `torn: ${written} of ${bytes} bytes came`, SEND_AGAIN);
    }
    const sha256 = this.hash.digest("hex");
    if (sha256 !== digest) refuse(digest, `the bytes that came have sha256 ${sha256}`, SEND_AGAIN);
    if (readObjectHeader(Buffer.concat(this.head))?.bytes !== bytes) {
      refuse(digest, "the bytes are no data set in the stored form", "send what was stored");
    }
    await stored(dirname(this.path), async () => {
      await this.file.sync();
      await rename(this.temporary, this.path);
      await syncPath(dirname(this.path));
    });
    this.isOpen = false;
    await this.file.close();
  }

  async discard(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.file.close();
    await rm(this.temporary, { force: true });
  }
}

const SEND_AGAIN = "submit the sweep again";

/** Does something on the disk. @throws FailureError that names the folder */
async function stored<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new FailureError({
      place: folder,
      problem: `the data set cannot be stored: ${messageOf(error)}`,
      fix: "make room, or give a folder that can be written to with --results",
    });
  }
}

function refuse(digest: string, problem: string, fix: string): never {
  throw new UsageError({ place: `data set ${digest}`, problem, fix });
}
