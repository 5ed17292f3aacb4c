import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import {
  fieldOf,
  readStruct,
  type ThriftField,
  type ThriftValue,
  writeStruct,
} from "../../shared/thrift_compact.ts";

const MAGIC = Buffer.from("PAR1");

// Field numbers of parquet.thrift.
const FILE = { num_rows: 3, row_groups: 4 };
const ROW_GROUP = { columns: 1, num_rows: 3, file_offset: 5, ordinal: 7 };
const COLUMN_CHUNK = { file_offset: 2, meta_data: 3, offset_index: 4, column_index: 6 };
const COLUMN_META_DATA = { data_page: 9, index_page: 10, dictionary_page: 11, bloom_filter: 14 };

interface ItemList {
  readonly element: number;
  readonly items: ThriftValue[];
}

/**
 * Writes one Parquet file out of the row groups of others of the same schema, byte for byte: only
 * the places in the metadata move. All else about the file (its schema, its metadata) is the first
 * one's.
 */
export class ParquetConcatenation {
  rows = 0;
  private readonly file: FileHandle;
  private readonly hash = createHash("sha256");
  private readonly rowGroups: ThriftField[][] = [];
  private footer: ThriftField[] | undefined;
  private offset = 0;
  /** Holds one file at a time: a buffer for each would wait long for the garbage collector. */
  private buffer = Buffer.alloc(0);

  private constructor(file: FileHandle) {
    this.file = file;
  }

  static async create(path: string): Promise<ParquetConcatenation> {
    const concatenation = new ParquetConcatenation(await open(path, "w"));
    await concatenation.write(MAGIC);
    return concatenation;
  }

  /** Appends the row groups of a file, which must fit in memory. */
  async appendFile(path: string): Promise<void> {
    await this.append(await this.read(path));
  }

  /** Appends the row groups of a file that is in memory. */
  async append(bytes: Buffer): Promise<void> {
    const footerAt = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
    // A copy, as texts in the tree are views and the buffer is used again.
    const footer = readStruct(Buffer.from(bytes.subarray(footerAt)));
    const shift = this.offset - MAGIC.length;
    for (const rowGroup of (fieldOf(footer, FILE.row_groups).value as ItemList).items) {
      const fields = rowGroup as ThriftField[];
      moveRowGroup(fields, shift, this.rowGroups.length);
      this.rowGroups.push(fields);
    }
    this.rows += fieldOf(footer, FILE.num_rows).value as number;
    this.footer ??= footer;
    await this.write(bytes.subarray(MAGIC.length, footerAt));
  }

  /** Ends the file; at least one file must have been appended. Resolves with its sha256. */
  async finish(): Promise<string> {
    const footer = this.footer!;
    fieldOf(footer, FILE.num_rows).value = this.rows;
    (fieldOf(footer, FILE.row_groups).value as ItemList).items.splice(
      0,
      Number.POSITIVE_INFINITY,
      ...this.rowGroups,
    );
    const metadata = writeStruct(footer);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(metadata.length);
    await this.write(Buffer.concat([metadata, length, MAGIC]));
    return this.hash.digest("hex");
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async read(path: string): Promise<Buffer> {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (this.buffer.length < size) this.buffer = Buffer.alloc(size);
      let length = 0;
      for (let read = -1; length < size && read !== 0; length += read) {
        read = (await file.read(this.buffer, length, size - length)).bytesRead;
      }
      return this.buffer.subarray(0, length);
    } finally {
      await file.close();
    }
  }

  private async write(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes);
    await this.file.writeFile(bytes);
    this.offset += bytes.length;
  }
}

function moveRowGroup(rowGroup: ThriftField[], shift: number, ordinal: number): void {
  for (const field of rowGroup) {
    if (field.id === ROW_GROUP.file_offset) move(field, shift);
    if (field.id === ROW_GROUP.ordinal) field.value = ordinal;
  }
  for (const chunk of (fieldOf(rowGroup, ROW_GROUP.columns).value as ItemList).items) {
    for (const field of chunk as ThriftField[]) {
      const { file_offset, meta_data, offset_index, column_index } = COLUMN_CHUNK;
      if (field.id === meta_data) moveColumn(field.value as ThriftField[], shift);
      else if ([file_offset, offset_index, column_index].includes(field.id)) move(field, shift);
    }
  }
}

function moveColumn(metadata: ThriftField[], shift: number): void {
  const places = Object.values(COLUMN_META_DATA);
  for (const field of metadata) if (places.includes(field.id)) move(field, shift);
}

/** Places count from the start of the file, so 0 says that there is none. */
function move(field: ThriftField, shift: number): void {
  if (field.value !== 0) field.value = (field.value as number) + shift;
}
