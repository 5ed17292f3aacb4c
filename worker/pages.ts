import { type ThriftField, type ThriftValue, writeStruct } from "../shared/thrift_compact.ts";

/** Column buffers hold numbers as they stand in memory, which is as Parquet wants them if so. */
export const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

type Numbers = Float64Array | Int32Array;

/** A data page of a required column: its header, then the numbers as they stand in memory. */
export function requiredPage(values: Numbers): Buffer {
  const body = bytesOf(values);
  return Buffer.concat([pageHeader(values.length, body.length), body]);
}

/**
 * A data page of a repeated column: `counts` says how many values each row has, one at least. Its
 * levels are in runs: repetition 0 where a row begins and 1 after that, definition 1 throughout.
 */
export function repeatedPage(values: Numbers, counts: readonly number[]): Buffer {
  const repetition: number[] = [];
  for (const count of counts) {
    pushRun(repetition, 1, 0);
    if (count > 1) pushRun(repetition, count - 1, 1);
  }
  const definition: number[] = [];
  pushRun(definition, values.length, 1);
  const body = [withLength(repetition), withLength(definition), bytesOf(values)];
  const bytes = body.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([pageHeader(values.length, bytes), ...body]);
}

function bytesOf(values: Numbers): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

/** A run of equal levels of one bit: twice its length as a varint, then the level. */
function pushRun(levels: number[], length: number, level: number): void {
  let rest = 2 * length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) levels.push((rest % 128) + 128);
  levels.push(rest, level);
}

function withLength(levels: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + levels.length);
  bytes.writeUInt32LE(levels.length);
  bytes.set(levels, 4);
  return bytes;
}

/** PageHeader of parquet.thrift: an uncompressed data page of plain values. */
function pageHeader(values: number, bytes: number): Buffer {
  const I32 = 5;
  const STRUCT = 12;
  const DATA_PAGE = 0;
  const PLAIN = 0;
  const RLE = 3;
  const i32 = (id: number, value: number): ThriftField => ({ id, type: I32, value });
  const page: ThriftValue = [i32(1, values), i32(2, PLAIN), i32(3, RLE), i32(4, RLE)];
  return writeStruct([
    i32(1, DATA_PAGE),
    i32(2, bytes),
    i32(3, bytes),
    { id: 5, type: STRUCT, value: page },
  ]);
}
