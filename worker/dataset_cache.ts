import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../shared/clock.ts";
import type { DatasetReference } from "../shared/datasets.ts";
import { messageOf } from "../shared/errors.ts";
import { DATASET_CACHE_BYTES_MAX } from "../shared/limits.ts";
import type { Log } from "../shared/log.ts";
import { LinkError } from "./link_error.ts";

/** Where a worker has stored data sets from. */
export interface DatasetSource {
  /** A file with the bytes of the data set, fetched if need be. @throws LinkError */
  path(dataset: DatasetReference): Promise<string>;
  /** Whether that file is still what it should be; if not, it is discarded and path() fetches it. */
  isSound(dataset: DatasetReference): Promise<boolean>;
}

export interface DatasetCacheOptions {
  readonly folder: string;
  /** The bytes of a data set, from the coordinator. @throws LinkError */
  readonly fetch: (digest: string) => AsyncIterable<Uint8Array>;
  readonly clock: Clock;
  readonly log: Log;
}

/** The folder of the data sets that workers on this machine share (XDG base directories). */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const base = environment.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "phasesweep", "datasets");
}

const PARTIAL = ".partial";
/** A partial file that nobody wrote to for so long was left behind by a process that died. */
const PARTIAL_MS_MAX = 3_600_000;

/**
 * Stored data sets on a worker's disk, by digest. Processes share the folder without locks: a file
 * appears under its digest only when it is whole, and whoever finds one gone or damaged fetches it
 * again.
 */
export class DatasetCache implements DatasetSource {
  private readonly options: DatasetCacheOptions;
  private readonly fetching = new Map<string, Promise<string>>();
  /** Digests whose bytes this process has seen to be right. */
  private readonly seen = new Set<string>();
  private started = 0;

  constructor(options: DatasetCacheOptions) {
    this.options = options;
  }

  path(dataset: DatasetReference): Promise<string> {
    const { digest } = dataset;
    let path = this.fetching.get(digest);
    if (path === undefined) {
      path = this.find(dataset).finally(() => this.fetching.delete(digest));
      this.fetching.set(digest, path);
    }
    return path;
  }

  async isSound({ digest, name }: DatasetReference): Promise<boolean> {
    const path = join(this.options.folder, digest);
    if ((await sha256OfFile(path)) === digest) return true;
    this.options.log.warn("cached data set is gone or damaged", { dataset: name, path });
    this.seen.delete(digest);
    await rm(path, { force: true });
    return false;
  }

  private async find(dataset: DatasetReference): Promise<string> {
    const { folder, clock } = this.options;
    const path = join(folder, dataset.digest);
    const size = await stat(path).then(
      (found) => found.size,
      () => undefined,
    );
    const isThere =
      size === dataset.bytes && (this.seen.has(dataset.digest) || (await this.isSound(dataset)));
    if (!isThere) await this.fetch(dataset, path);
    this.seen.add(dataset.digest);
    // What was used last is removed last.
    const now = clock.wallMs() / 1000;
    await utimes(path, now, now).catch(() => {});
    return path;
  }

  private async fetch({ name, digest, bytes }: DatasetReference, path: string): Promise<void> {
    const { folder, fetch, log } = this.options;
    log.info("fetching data set", { dataset: name, bytes });
    const temporary = `${path}.${process.pid}-${this.started++}${PARTIAL}`;
    const hash = createHash("sha256");
    const file = await mkdir(folder, { recursive: true })
      .then(() => open(temporary, "wx"))
      .catch((error: unknown) => {
        throw cannotKeep(name, folder, error);
      });
    try {
      let received = 0;
      for await (const chunk of fetch(digest)) {
        received += chunk.length;
        if (received > bytes) break;
        hash.update(chunk);
        await file.writeFile(chunk);
      }
      if (received !== bytes || hash.digest("hex") !== digest) {
        throw new LinkError(`data set ${name} did not come as it was announced`, true);
      }
      await file.close();
      await rename(temporary, path);
    } catch (error) {
      await file.close().catch(() => {});
      await rm(temporary, { force: true });
      throw error instanceof LinkError ? error : cannotKeep(name, folder, error);
    }
    await this.makeRoom(digest);
  }

  /** Removes what was used least recently, until what is left is within the limit. */
  private async makeRoom(kept: string): Promise<void> {
    const { folder, clock } = this.options;
    const files: { name: string; path: string; bytes: number; used_ms: number }[] = [];
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile()) files.push({ name, path, bytes: found.size, used_ms: found.mtimeMs });
    }
    const abandoned_ms = clock.wallMs() - PARTIAL_MS_MAX;
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { name, path, bytes, used_ms } of files.sort((a, b) => a.used_ms - b.used_ms)) {
      const isPartial = name.endsWith(PARTIAL);
      if (name === kept || (isPartial && used_ms > abandoned_ms)) continue;
      if (!isPartial && total <= DATASET_CACHE_BYTES_MAX) continue;
      await rm(path, { force: true });
      this.seen.delete(name);
      total -= bytes;
    }
  }
}

function cannotKeep(name: string, folder: string, error: unknown): Error {
  return new Error(
    `data set ${name} cannot be kept in ${folder} (${messageOf(error)}): set XDG_CACHE_HOME to a folder that can be written to and has room`,
  );
}

/** undefined if there is no such file. */
async function sha256OfFile(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}
