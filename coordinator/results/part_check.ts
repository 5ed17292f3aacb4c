import { PART_FOOTER_BYTES_MAX } from "../../shared/limits.ts";
import { partColumns, trajectoryColumns } from "../../shared/part_columns.ts";
import type { PlannedShape } from "../../shared/shape_group.ts";
import { BINARY, I32, I64, LIST, STRUCT, ThriftCursor } from "../../shared/thrift_compact.ts";
import { type ColumnType, PageReader } from "./part_pages.ts";

const MAGIC = "PAR1";

// Field numbers and codes of parquet.thrift; parts have no others.
const FILE = { version: 1, schema: 2, num_rows: 3, row_groups: 4, key_values: 5, writer: 6 };
const SCHEMA = { type: 1, repetition: 3, name: 4, children: 5 };
const ROW_GROUP = { columns: 1, bytes: 2, num_rows: 3 };
const COLUMN_CHUNK = { file_offset: 2, meta_data: 3 };
const COLUMN = {
  ...{ type: 1, encodings: 2, path: 3, codec: 4, values: 5 },
  ...{ uncompressed_bytes: 6, bytes: 7, page: 9 },
};
const UNCOMPRESSED = 0;
const PLAIN = 0;
const RLE = 3;
const TYPES: Readonly<Record<string, number>> = { INT32: 1, DOUBLE: 5 };
const REQUIRED = 0;
const REPEATED = 2;

/** The columns of a shape's parts, and how the first part that had them wrote them down. */
interface Columns {
  readonly names: readonly string[];
  readonly types: readonly ColumnType[];
  schema: Buffer | undefined;
}

/** A column of one row group: its numbers, and the bytes of its one page and where that begins. */
interface Chunk {
  readonly values: number;
  readonly bytes: number;
  readonly page: number;
}

const columnsOfShapes = new WeakMap<PlannedShape, Columns>();

/**
 * What is wrong with the bytes of a part that claims to hold `cells` cells of a shape, or undefined.
 * All is read but the numbers themselves, of which any bytes are some: a part that passes can be
 * merged, as there is nobody to ask once it is committed.
 */
export function partProblem(bytes: Buffer, shape: PlannedShape, cells: number): string | undefined {
  const footerAt = footerStart(bytes);
  if (typeof footerAt === "string") return footerAt;
  try {
    return contentProblem(bytes, footerAt, shape, cells);
  } catch (error) {
    // Thrift out of bounds, nested without end, or without what Parquet has.
    if (error instanceof RangeError) {
      return `the footer of the part cannot be read: ${error.message}`;
    }
    throw error;
  }
}

/**
 * The numbers of some columns of a part, none of them a list; undefined if it is not as workers write
 * them, as those are that were copied from earlier sweeps, or lacks one of the columns.
 */
export function columnsOfPart(
  bytes: Buffer,
  shape: PlannedShape,
  cells: number,
  wanted: readonly string[],
): Float64Array[] | undefined {
  const footerAt = footerStart(bytes);
  if (typeof footerAt === "string") return undefined;
  const types = expectedColumns(shape);
  const names = types.map(({ name }) => name);
  const places = wanted.map((name) => names.indexOf(name));
  if (places.includes(-1)) return undefined;
  const chunks = new Map<number, Chunk[]>(places.map((place) => [place, []]));
  try {
    const problem = contentProblem(bytes, footerAt, shape, cells, (column, chunk) => {
      chunks.get(column)?.push(chunk);
    });
    if (problem !== undefined) return undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return places.map((place) => readNumbers(bytes, cells, types[place]!, chunks.get(place)!));
}

function readNumbers(
  bytes: Buffer,
  cells: number,
  { bytes: size }: ColumnType,
  chunks: readonly Chunk[],
): Float64Array {
  const numbers = new Float64Array(cells);
  let row = 0;
  for (const { values, bytes: length, page } of chunks) {
    // The numbers are the end of the page.
    let at = page + length - size * values;
    for (let i = 0; i < values; i++, at += size) {
      numbers[row++] = size === 8 ? bytes.readDoubleLE(at) : bytes.readInt32LE(at);
    }
  }
  return numbers;
}

/** Where the footer begins, or why there is none. */
function footerStart(bytes: Buffer): number | string {
  const text = (at: number) => bytes.toString("latin1", at, at + MAGIC.length);
  if (bytes.length < 12 || text(0) !== MAGIC || text(bytes.length - 4) !== MAGIC) {
    return "the part is not a Parquet file";
  }
  const length = bytes.readUInt32LE(bytes.length - 8);
  if (length > PART_FOOTER_BYTES_MAX) {
    return `the part's footer has ${length} bytes, over the limit of ${PART_FOOTER_BYTES_MAX} (PART_FOOTER_BYTES_MAX)`;
  }
  const at = bytes.length - 8 - length;
  return at < MAGIC.length ? "the part's footer is longer than the part" : at;
}

function contentProblem(
  bytes: Buffer,
  footerAt: number,
  shape: PlannedShape,
  cells: number,
  onChunk?: (column: number, chunk: Chunk) => void,
): string | undefined {
  const footer = bytes.subarray(footerAt, bytes.length - 8);
  const wanted = columnsOf(shape);
  const pages = new PageReader(bytes.subarray(0, footerAt));
  const cursor = new ThriftCursor(footer);
  const found = { rows: -1, groups: [] as number[] };
  let fields = 0;
  for (let id = 0; cursor.nextField(id); ) {
    // Each field once and in order, as everybody writes them: readers differ on what is not.
    if (cursor.id <= id) throw unexpected(cursor);
    id = cursor.id;
    if (id === FILE.schema) {
      const problem = schemaProblem(cursor, footer, wanted);
      if (problem !== undefined) return problem;
    } else if (id === FILE.num_rows) found.rows = integer(cursor, I64);
    else if (id === FILE.row_groups) {
      const groups = items(cursor, STRUCT);
      for (let i = 0; i < groups; i++) {
        const rows = rowsOfGroup(cursor, wanted.types, pages, onChunk);
        if (rows === undefined) return "a row group of the part lacks a column's pages";
        found.groups.push(rows);
      }
    } else if (id === FILE.version) integer(cursor, I32);
    else if (id === FILE.key_values && items(cursor, STRUCT) === 0) continue;
    else if (id === FILE.writer && cursor.type === BINARY) cursor.binary();
    else throw unexpected(cursor);
    fields++;
  }
  if (fields < 5) throw new RangeError("it lacks a field");
  const rowsInGroups = found.groups.reduce((sum, rows) => sum + rows, 0);
  return found.rows === cells && rowsInGroups === cells
    ? undefined
    : `the part has ${found.rows} rows in groups of ${found.groups.join(" + ")} for ${cells} cells`;
}

/** Parts of one shape write their columns in the same bytes, so these are read once. */
function schemaProblem(cursor: ThriftCursor, footer: Buffer, wanted: Columns): string | undefined {
  const { at } = cursor;
  const { schema } = wanted;
  if (schema !== undefined && footer.subarray(at, at + schema.length).equals(schema)) {
    cursor.at += schema.length;
    return undefined;
  }
  const columns: string[] = [];
  const elements = items(cursor, STRUCT);
  for (let i = 0; i < elements; i++) columns.push(describeColumn(cursor));
  const root = `root with ${wanted.names.length} columns`;
  if (columns.join() !== [root, ...wanted.names].join()) {
    return `the part has the columns ${columns.slice(1).join(", ")}; the plan has ${wanted.names.join(", ")}`;
  }
  wanted.schema = Buffer.from(footer.subarray(at, cursor.at));
  return undefined;
}

/** "name type repetition" of a column, with the codes of parquet.thrift. */
function describeColumn(cursor: ThriftCursor): string {
  let [name, type, repetition, children] = ["", -1, -1, 0];
  for (let id = 0; cursor.nextField(id); ) {
    id = cursor.id;
    if (id === SCHEMA.type) type = integer(cursor, I32);
    else if (id === SCHEMA.repetition) repetition = integer(cursor, I32);
    else if (id === SCHEMA.children) children = integer(cursor, I32);
    else if (id === SCHEMA.name && cursor.type === BINARY) {
      name = Buffer.from(cursor.binary()).toString();
    } else throw unexpected(cursor);
  }
  return children === 0 ? `${name} ${type} ${repetition}` : `${name} with ${children} columns`;
}

/** The rows of a row group, or undefined if its pages are not those of the columns. */
function rowsOfGroup(
  cursor: ThriftCursor,
  columns: readonly ColumnType[],
  pages: PageReader,
  onChunk?: (column: number, chunk: Chunk) => void,
): number | undefined {
  let [rows, rowsInPages, fields] = [-1, -1, 0];
  for (let id = 0; cursor.nextField(id); ) {
    id = cursor.id;
    if (id === ROW_GROUP.num_rows) rows = integer(cursor, I64);
    else if (id === ROW_GROUP.columns) {
      if (items(cursor, STRUCT) !== columns.length) return undefined;
      for (const [index, column] of columns.entries()) {
        const chunk = readChunk(cursor, column);
        const { values, bytes, page } = chunk;
        // Every column has the rows of the first, which is a required one.
        if (rowsInPages < 0) rowsInPages = values;
        if (!pages.fits(page, bytes, { column, values, rows: rowsInPages })) return undefined;
        onChunk?.(index, chunk);
      }
    } else if (id === ROW_GROUP.bytes) integer(cursor, I64);
    else throw unexpected(cursor);
    fields++;
  }
  if (fields < 3) throw new RangeError("a row group lacks a field");
  return rows === rowsInPages && rows >= 0 ? rows : undefined;
}

/** How many values a column chunk has, and where its one page is. */
function readChunk(cursor: ThriftCursor, { type }: ColumnType): Chunk {
  const found = { values: -1, bytes: -1, page: -1 };
  let [codec, codedType, fields] = [-1, -1, 0];
  for (let id = 0; cursor.nextField(id); ) {
    id = cursor.id;
    if (id === COLUMN_CHUNK.file_offset) integer(cursor, I64);
    else if (id === COLUMN_CHUNK.meta_data && cursor.type === STRUCT) {
      for (let field = 0; cursor.nextField(field); ) {
        field = cursor.id;
        if (field === COLUMN.encodings) {
          for (let left = items(cursor, I32); left > 0; left--) encoding(cursor);
        } else if (field === COLUMN.path) {
          for (let left = items(cursor, BINARY); left > 0; left--) cursor.binary();
        } else if (field === COLUMN.type) codedType = integer(cursor, I32);
        else if (field === COLUMN.codec) codec = integer(cursor, I32);
        else if (field === COLUMN.values) found.values = integer(cursor, I64);
        else if (field === COLUMN.bytes) found.bytes = integer(cursor, I64);
        else if (field === COLUMN.page) found.page = integer(cursor, I64);
        else if (field === COLUMN.uncompressed_bytes) integer(cursor, I64);
        else throw unexpected(cursor);
        fields++;
      }
    } else throw unexpected(cursor);
    fields++;
  }
  if (fields < 10) throw new RangeError("a column lacks a field");
  if (codec !== UNCOMPRESSED || codedType !== type) {
    throw new RangeError(`a column of type ${codedType} and codec ${codec}`);
  }
  return found;
}

function unexpected({ id, type }: ThriftCursor): RangeError {
  return new RangeError(`a field ${id} of type ${type} where parts have none`);
}

function encoding(cursor: ThriftCursor): void {
  const code = cursor.integer();
  // Readers refuse codes that they do not know, even where they do not need them.
  if (code !== PLAIN && code !== RLE) throw new RangeError(`an encoding ${code}`);
}

/** The number of items in a list of one type, at the first of which the cursor then is. */
function items(cursor: ThriftCursor, type: number): number {
  if (cursor.type !== LIST) throw unexpected(cursor);
  const count = cursor.listLength();
  if (cursor.element !== type) throw new RangeError(`a list of things of type ${cursor.element}`);
  return count;
}

function integer(cursor: ThriftCursor, type: number): number {
  if (cursor.type !== type) throw unexpected(cursor);
  return cursor.integer();
}

function columnsOf(shape: PlannedShape): Columns {
  let columns = columnsOfShapes.get(shape);
  if (columns === undefined) {
    const expected = expectedColumns(shape);
    columns = {
      names: expected.map(
        ({ name, type, repeated }) => `${name} ${type} ${repeated ? REPEATED : REQUIRED}`,
      ),
      types: expected,
      schema: undefined,
    };
    columnsOfShapes.set(shape, columns);
  }
  return columns;
}

function expectedColumns(shape: PlannedShape): (ColumnType & { readonly name: string })[] {
  const learning_rate = { name: "learning_rate", type: "DOUBLE" };
  return [
    ...[learning_rate, ...partColumns(shape)].map(({ name, type }) => ({
      ...{ name, type: TYPES[type]!, repeated: false },
      bytes: type === "DOUBLE" ? 8 : 4,
    })),
    ...trajectoryColumns(shape).map((name) => ({
      ...{ name, type: TYPES["DOUBLE"]!, repeated: true },
      bytes: 8,
    })),
  ];
}
