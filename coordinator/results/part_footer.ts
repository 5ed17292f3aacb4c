import { PART_FOOTER_BYTES_MAX } from "../../shared/limits.ts";
import { partColumns, trajectoryColumns } from "../../shared/part_columns.ts";
import type { Shape } from "../../shared/shape_group.ts";
import { BINARY, isInteger, LIST, STRUCT, ThriftCursor } from "../../shared/thrift_compact.ts";

const MAGIC = "PAR1";

// Field numbers and codes of parquet.thrift.
const FILE = { schema: 2, num_rows: 3, row_groups: 4 };
const SCHEMA = { type: 1, repetition: 3, name: 4 };
const ROW_GROUP = { columns: 1, num_rows: 3 };
const COLUMN_CHUNK = { meta_data: 3 };
const COLUMN = { compressed_bytes: 7, data_page: 9 };
const TYPES: Readonly<Record<string, number>> = { INT32: 1, DOUBLE: 5 };
const REQUIRED = 0;
const REPEATED = 2;

/** The columns of a shape's parts, and how the first part that had them wrote them down. */
interface Columns {
  readonly names: readonly string[];
  schema: Buffer | undefined;
}

const columnsOfShapes = new WeakMap<Shape, Columns>();

/**
 * What is wrong with the bytes of a part that claims to hold `cells` cells of a shape, or undefined.
 * Only the footer is read, as this is done for every part: a part that passes can be merged as far
 * as names, types and numbers of rows go, and each of its columns lies within the file.
 */
export function footerProblem(bytes: Buffer, shape: Shape, cells: number): string | undefined {
  const footerAt = footerStart(bytes);
  if (typeof footerAt === "string") return footerAt;
  try {
    return contentProblem(bytes.subarray(footerAt, bytes.length - 8), footerAt, shape, cells);
  } catch (error) {
    // Thrift out of bounds, nested without end, or without what Parquet has.
    if (error instanceof RangeError) {
      return `the footer of the part cannot be read: ${error.message}`;
    }
    throw error;
  }
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
  footer: Buffer,
  footerAt: number,
  shape: Shape,
  cells: number,
): string | undefined {
  const wanted = columnsOf(shape);
  const cursor = new ThriftCursor(footer);
  const found = { rows: -1, groups: [] as number[], schema: false };
  for (let id = 0; cursor.nextField(id); ) {
    // Each field once and in order, as everybody writes them: readers differ on what is not.
    if (cursor.id <= id) throw new RangeError(`field ${cursor.id} after field ${id}`);
    id = cursor.id;
    if (id === FILE.schema) {
      const problem = schemaProblem(cursor, footer, wanted);
      if (problem !== undefined) return problem;
      found.schema = true;
    } else if (id === FILE.num_rows) found.rows = integer(cursor);
    else if (id === FILE.row_groups) {
      const groups = structs(cursor);
      for (let i = 0; i < groups; i++) {
        const rows = rowsOfGroup(cursor, wanted.names.length, footerAt);
        if (rows === undefined) return "a row group of the part lacks a column's pages";
        found.groups.push(rows);
      }
    } else cursor.skip(cursor.type);
  }
  if (!found.schema) throw new RangeError("it has no schema");
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
  const elements = structs(cursor);
  for (let i = 0; i < elements; i++) {
    const column = describeColumn(cursor);
    // The first one is the root.
    if (i > 0) columns.push(column);
  }
  if (columns.join() !== wanted.names.join()) {
    return `the part has the columns ${columns.join(", ")}; the plan has ${wanted.names.join(", ")}`;
  }
  wanted.schema = Buffer.from(footer.subarray(at, cursor.at));
  return undefined;
}

/** "name type repetition" of a column, with the codes of parquet.thrift. */
function describeColumn(cursor: ThriftCursor): string {
  let [name, type, repetition] = ["", -1, -1];
  for (let id = 0; cursor.nextField(id); ) {
    id = cursor.id;
    if (id === SCHEMA.type) type = integer(cursor);
    else if (id === SCHEMA.repetition) repetition = integer(cursor);
    else if (id === SCHEMA.name && cursor.type === BINARY) {
      name = Buffer.from(cursor.binary()).toString();
    } else cursor.skip(cursor.type);
  }
  return `${name} ${type} ${repetition}`;
}

/** The rows of a row group, or undefined if it has not the pages of so many columns. */
function rowsOfGroup(cursor: ThriftCursor, columns: number, footerAt: number): number | undefined {
  let rows = -1;
  let within = 0;
  for (let id = 0; cursor.nextField(id); ) {
    id = cursor.id;
    if (id === ROW_GROUP.num_rows) rows = integer(cursor);
    else if (id === ROW_GROUP.columns) {
      const chunks = structs(cursor);
      for (let i = 0; i < chunks; i++) if (liesWithin(cursor, footerAt)) within++;
      if (chunks !== columns) return undefined;
    } else cursor.skip(cursor.type);
  }
  return within === columns && rows >= 0 ? rows : undefined;
}

/** Whether the pages of a column chunk are between the first bytes and the footer. */
function liesWithin(cursor: ThriftCursor, footerAt: number): boolean {
  let [first, bytes] = [-1, -1];
  for (let id = 0; cursor.nextField(id); ) {
    id = cursor.id;
    if (id !== COLUMN_CHUNK.meta_data || cursor.type !== STRUCT) {
      cursor.skip(cursor.type);
      continue;
    }
    for (let field = 0; cursor.nextField(field); ) {
      field = cursor.id;
      if (field === COLUMN.data_page) first = integer(cursor);
      else if (field === COLUMN.compressed_bytes) bytes = integer(cursor);
      else cursor.skip(cursor.type);
    }
  }
  return first >= MAGIC.length && bytes >= 0 && first + bytes <= footerAt;
}

/** The number of structs in a list, at the first of which the cursor then is. */
function structs(cursor: ThriftCursor): number {
  if (cursor.type !== LIST) throw new RangeError(`type ${cursor.type} where a list should be`);
  const count = cursor.listLength();
  if (cursor.element !== STRUCT) throw new RangeError("a list of other things than structs");
  return count;
}

function integer(cursor: ThriftCursor): number {
  if (!isInteger(cursor.type)) throw new RangeError(`type ${cursor.type} where a number should be`);
  return cursor.integer();
}

function columnsOf(shape: Shape): Columns {
  let columns = columnsOfShapes.get(shape);
  if (columns === undefined) {
    columns = { names: expectedColumns(shape), schema: undefined };
    columnsOfShapes.set(shape, columns);
  }
  return columns;
}

function expectedColumns(shape: Shape): string[] {
  const learning_rate = { name: "learning_rate", type: "DOUBLE" };
  return [
    ...[learning_rate, ...partColumns(shape)].map(
      ({ name, type }) => `${name} ${TYPES[type]} ${REQUIRED}`,
    ),
    ...trajectoryColumns(shape).map((name) => `${name} ${TYPES["DOUBLE"]} ${REPEATED}`),
  ];
}
