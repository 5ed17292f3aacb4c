import { type FileHandle, open } from "node:fs/promises";
import { ParquetConcatenation } from "./parquet_concat.ts";
import { readPart } from "./part_files.ts";
import type { PartPiece, Piece } from "./pieces.ts";

/**
 * Makes Parquet files of the parts in shared files that a window needs, as a query reads files: each
 * run of such parts whose cells follow one another in a group becomes one file, and one piece. Pieces
 * of parts with files of their own are left as they are; those that were copied have another schema.
 *
 * @param pathOf the path of the n-th file that is made
 */
export async function joinSmallParts(
  pieces: readonly PartPiece[],
  pathOf: (index: number) => string,
): Promise<Piece[]> {
  const joined: Piece[] = [];
  const source = new PartReader();
  try {
    for (let at = 0; at < pieces.length; ) {
      const head = pieces[at]!;
      const start = at++;
      if (head.commit.offset === null) {
        joined.push(head);
        continue;
      }
      while (at < pieces.length && continues(pieces[at - 1]!, pieces[at]!)) at++;
      const run = pieces.slice(start, at);
      const path = pathOf(joined.length);
      await writeRun(run, source, path);
      joined.push({ ...head, path, end: run.at(-1)!.end });
    }
  } finally {
    await source.close();
  }
  return joined;
}

/** Whether the rows of one part can follow those of another, so that rows and cells keep step. */
function continues(before: PartPiece, next: PartPiece): boolean {
  return (
    next.commit.offset !== null &&
    next.group === before.group &&
    next.strip === before.strip &&
    before.end === before.commit.range.end &&
    next.first === before.end &&
    next.first === next.commit.range.first
  );
}

async function writeRun(
  run: readonly PartPiece[],
  source: PartReader,
  path: string,
): Promise<void> {
  const file = await ParquetConcatenation.create(path);
  try {
    for (const piece of run) await file.append(await source.read(piece));
    await file.finish();
  } finally {
    await file.close();
  }
}

/** Reads parts by their places; the last file stays open, since neighbours often share one. */
class PartReader {
  private path = "";
  private file: FileHandle | undefined;

  async read({ path, commit }: PartPiece): Promise<Buffer> {
    if (path !== this.path) {
      await this.close();
      this.file = await open(path, "r");
      this.path = path;
    }
    return readPart(this.file!, commit);
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
    this.path = "";
  }
}
