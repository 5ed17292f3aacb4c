import { type FileHandle, open } from "node:fs/promises";
import { partColumns, trajectoryColumns } from "../../shared/part_columns.ts";
import type { Plan } from "../../shared/plan.ts";
import { ParquetConcatenation } from "./parquet_concat.ts";
import { readPart } from "./part_files.ts";
import type { PartPiece, Piece } from "./pieces.ts";

/**
 * Makes Parquet files of the parts in shared files that a window needs, as a query reads files: all
 * that have the same columns become one file, so that thousands of them cost a query no more than a
 * few. Parts whose cells follow one another in a group become one piece. Pieces of parts with files
 * of their own are left as they are; those that were copied have another schema.
 *
 * @param pathOf the path of the n-th file that is made
 */
export async function joinSmallParts(
  plan: Plan,
  pieces: readonly PartPiece[],
  pathOf: (index: number) => string,
): Promise<{ readonly pieces: Piece[]; readonly files: string[] }> {
  const joined: Piece[] = [];
  const files = new Map<
    string,
    { readonly path: string; readonly run: PartPiece[]; rows: number }
  >();
  for (let at = 0; at < pieces.length; ) {
    const head = pieces[at]!;
    const start = at++;
    if (head.commit.offset === null) {
      joined.push(head);
      continue;
    }
    while (at < pieces.length && continues(pieces[at - 1]!, pieces[at]!)) at++;
    const columns = columnsOf(plan, head);
    const file = files.get(columns) ?? { path: pathOf(files.size), run: [], rows: 0 };
    files.set(columns, file);
    // As if the rows before them in the file were cells before theirs.
    const part_first = head.part_first - file.rows;
    for (const piece of pieces.slice(start, at)) {
      file.run.push(piece);
      file.rows += piece.commit.range.end - piece.commit.range.first;
    }
    joined.push({ ...head, path: file.path, part_first, end: pieces[at - 1]!.end });
  }
  const source = new PartReader();
  try {
    for (const { path, run } of files.values()) await writeRun(run, source, path);
  } finally {
    await source.close();
  }
  return { pieces: joined, files: [...files.values()].map(({ path }) => path) };
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

/** What tells parts apart whose row groups cannot stand in one file. */
function columnsOf(plan: Plan, { group }: PartPiece): string {
  const { shape } = plan.groups[group]!;
  return [...partColumns(shape).map(({ name }) => name), ...trajectoryColumns(shape)].join(" ");
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
