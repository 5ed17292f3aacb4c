import { PART_FOOTER_BYTES_MAX } from "../../shared/limits.ts";
import { partColumns, trajectoryColumns } from "../../shared/part_columns.ts";
import type { Shape } from "../../shared/shape_group.ts";
import {
  fieldOf,
  readStruct,
  type ThriftField,
  type ThriftValue,
} from "../../shared/thrift_compact.ts";

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

/**
 * What is wrong with the bytes of a part that claims to hold `cells` cells of a shape, or undefined.
 * Only the footer is read, as this is done for every part: a part that passes can be merged as far
 * as names, types and numbers of rows go, and each of its columns lies within the file.
 */
export function footerProblem(bytes: Buffer, shape: Shape, cells: number): string | undefined {
  const footerAt = footerStart(bytes);
  if (typeof footerAt === "string") return footerAt;
  try {
    const footer = readStruct(bytes.subarray(footerAt, bytes.length - 8));
    const columns = structs(footer, FILE.schema).slice(1).map(describeColumn);
    const wanted = expectedColumns(shape);
    if (columns.join() !== wanted.join()) {
      return `the part has the columns ${columns.join(", ")}; the plan has ${wanted.join(", ")}`;
    }
    const rowGroups = structs(footer, FILE.row_groups);
    const rows = fieldOf(footer, FILE.num_rows).value as number;
    const rowsInGroups = rowGroups.map((group) => fieldOf(group, ROW_GROUP.num_rows).value);
    if (rows !== cells || rowsInGroups.reduce((sum: number, n) => sum + Number(n), 0) !== rows) {
      return `the part has ${rows} rows in groups of ${rowsInGroups.join(" + ")} for ${cells} cells`;
    }
    for (const group of rowGroups) {
      const chunks = structs(group, ROW_GROUP.columns);
      const within = chunks.filter((chunk) => liesWithin(chunk, footerAt));
      if (within.length !== wanted.length) return "a row group of the part lacks a column's pages";
    }
    return undefined;
  } catch (error) {
    // Thrift out of bounds, or other values where Parquet has lists and structs.
    if (error instanceof RangeError || error instanceof TypeError) {
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

function structs(fields: readonly ThriftField[], id: number): ThriftField[][] {
  const { items } = fieldOf(fields, id).value as { items: ThriftValue[] };
  return items as ThriftField[][];
}

/** "name type repetition" of a column, with the codes of parquet.thrift. */
function describeColumn(element: readonly ThriftField[]): string {
  const name = Buffer.from(fieldOf(element, SCHEMA.name).value as Uint8Array).toString();
  return `${name} ${fieldOf(element, SCHEMA.type).value} ${fieldOf(element, SCHEMA.repetition).value}`;
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

function liesWithin(chunk: readonly ThriftField[], footerAt: number): boolean {
  const metadata = fieldOf(chunk, COLUMN_CHUNK.meta_data).value as ThriftField[];
  const first = fieldOf(metadata, COLUMN.data_page).value as number;
  const bytes = fieldOf(metadata, COLUMN.compressed_bytes).value as number;
  return first >= MAGIC.length && bytes >= 0 && first + bytes <= footerAt;
}
