import { I32, STRUCT, ThriftCursor } from "../../shared/thrift_compact.ts";

/** A column of a part: one data page a row group, its numbers as they stand in memory. */
export interface ColumnType {
  /** Code of parquet.thrift. */
  readonly type: number;
  /** Of one number. */
  readonly bytes: number;
  /** A list of numbers a row, at least one; otherwise one number. */
  readonly repeated: boolean;
}

export interface PageContent {
  readonly column: ColumnType;
  readonly values: number;
  readonly rows: number;
}

interface Levels {
  readonly first: number;
  readonly zeros: number;
  readonly ones: number;
  /** Where they end. */
  readonly end: number;
}

// Field numbers and codes of parquet.thrift.
const HEADER = { type: 1, uncompressed_bytes: 2, compressed_bytes: 3, data_page: 5 };
const DATA_PAGE = 0;
/** Number of values; PLAIN; RLE for definition and for repetition levels. */
const PAGE_FIELDS = 4;
const PLAIN = 0;
const RLE = 3;

/** Looks at the pages of a part: at all of them but the numbers. */
export class PageReader {
  private readonly bytes: Buffer;
  private readonly cursor: ThriftCursor;

  /** `bytes`: the part up to its footer. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.cursor = new ThriftCursor(bytes);
  }

  /**
   * Whether a page with this content begins at `at` and ends `length` bytes later, as
   * worker/pages.ts writes it. @throws RangeError on what is no page header
   */
  fits(at: number, length: number, content: PageContent): boolean {
    const { column, values, rows } = content;
    const end = at + length;
    if (!(at >= 4 && length > 0 && end <= this.bytes.length && rows >= 0)) return false;
    this.cursor.at = at;
    const size = this.readHeader(values);
    const body = this.cursor.at;
    if (size === undefined || body + size !== end) return false;
    if (!column.repeated) return values === rows && size === values * column.bytes;
    const repetition = this.levels(body, end);
    // A row begins at each 0, and no list is empty.
    if (repetition === undefined || repetition.first !== 0) return false;
    const areRows = repetition.zeros === rows && repetition.zeros + repetition.ones === values;
    const definition = this.levels(repetition.end, end);
    if (!areRows || definition?.zeros !== 0 || definition.ones !== values) return false;
    return definition.end + values * column.bytes === end;
  }

  /** The bytes after a page's header, if it is that of a plain page of so many values. */
  private readHeader(values: number): number | undefined {
    const { cursor } = this;
    let [type, uncompressed, compressed, plain] = [-1, -1, -2, 0];
    for (let id = 0; cursor.nextField(id); ) {
      id = cursor.id;
      if (id === HEADER.type) type = this.integer();
      else if (id === HEADER.uncompressed_bytes) uncompressed = this.integer();
      else if (id === HEADER.compressed_bytes) compressed = this.integer();
      else if (id === HEADER.data_page && cursor.type === STRUCT) {
        for (let field = 0; cursor.nextField(field); ) {
          field = cursor.id;
          const wanted = field === 1 ? values : field === 2 ? PLAIN : RLE;
          if (field > PAGE_FIELDS || this.integer() !== wanted) return undefined;
          plain++;
        }
      } else return undefined;
    }
    const isPlain = plain === PAGE_FIELDS && type === DATA_PAGE && uncompressed === compressed;
    return isPlain ? compressed : undefined;
  }

  /** Counts levels of one bit: their length in 4 bytes, then runs. */
  private levels(at: number, limit: number): Levels | undefined {
    if (at + 4 > limit) return undefined;
    const end = at + 4 + this.bytes.readUInt32LE(at);
    if (end > limit) return undefined;
    const counts = [0, 0];
    let first = -1;
    for (let i = at + 4; i < end; ) {
      let run = 0;
      for (let factor = 1; ; factor *= 128) {
        const byte = this.bytes[i++]!;
        run += (byte & 127) * factor;
        if (byte < 128) break;
        if (i >= end || factor > 2 ** 28) return undefined;
      }
      const level = this.bytes[i++]!;
      // An odd number says that levels are packed, which parts never have.
      if (run % 2 === 1 || run === 0 || level > 1 || i > end) return undefined;
      if (first < 0) first = level;
      counts[level]! += run / 2;
    }
    return { first, zeros: counts[0]!, ones: counts[1]!, end };
  }

  private integer(): number {
    if (this.cursor.type !== I32) throw new RangeError("a page header without numbers");
    return this.cursor.integer();
  }
}
