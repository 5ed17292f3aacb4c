/**
 * Thrift's compact protocol, read into a tree and written back, every field of which is kept
 * whether its meaning is known or not. Parquet keeps its metadata in it.
 */
export interface ThriftField {
  readonly id: number;
  readonly type: number;
  value: ThriftValue;
}

interface ThriftList {
  readonly element: number;
  readonly items: ThriftValue[];
}

/** Booleans of a struct stand in `type`; whole numbers are exact below 2^53. */
export type ThriftValue = number | boolean | Uint8Array | ThriftList | ThriftField[];

const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
export const I32 = 5;
export const I64 = 6;
const INT_MAX_TYPE = I64; // i16, i32 and i64 are 4, 5 and 6, and are written alike.
const DOUBLE = 7;
export const BINARY = 8;
export const LIST = 9;
const SET = 10;
export const STRUCT = 12;

/** Goes through the bytes of structs value by value, and makes nothing of them by itself. */
export class ThriftCursor {
  /** The next byte. */
  at: number;
  /** Number and type of the field that `nextField` found. */
  id = 0;
  type = 0;
  /** Type of the items of the list whose length `listLength` returned. */
  element = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  /** Goes to the next field of a struct; false at its end. `before`: the number of the last one. */
  nextField(before: number): boolean {
    const head = this.view.getUint8(this.at++);
    if (head === 0) return false;
    this.type = head & 15;
    this.id = head >>> 4 === 0 ? this.integer() : before + (head >>> 4);
    return true;
  }

  /** Goes to the items of a list and returns how many there are. */
  listLength(): number {
    const head = this.view.getUint8(this.at++);
    this.element = head & 15;
    return head >>> 4 === 15 ? this.unsigned() : head >>> 4;
  }

  integer(): number {
    const zigzag = this.unsigned();
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  double(): number {
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  int8(): number {
    return this.view.getInt8(this.at++);
  }

  binary(): Uint8Array {
    const length = this.unsigned();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  private unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.view.getUint8(this.at++);
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    if (!Number.isSafeInteger(value)) throw new RangeError("a number of 2^53 or more in metadata");
    return value;
  }
}

/** Reads one struct that starts at the first byte. @throws RangeError on what Parquet never has. */
export function readStruct(bytes: Uint8Array): ThriftField[] {
  return readFields(new ThriftCursor(bytes));
}

function readFields(cursor: ThriftCursor): ThriftField[] {
  const fields: ThriftField[] = [];
  for (let id = 0; cursor.nextField(id); ) {
    const { type } = cursor;
    id = cursor.id;
    fields.push({ id, type, value: readValue(cursor, type) });
  }
  return fields;
}

function readValue(cursor: ThriftCursor, type: number): ThriftValue {
  if (type === TRUE || type === FALSE) return type === TRUE;
  if (type === BYTE) return cursor.int8();
  if (type <= INT_MAX_TYPE) return cursor.integer();
  if (type === DOUBLE) return cursor.double();
  if (type === BINARY) return cursor.binary();
  if (type === STRUCT) return readFields(cursor);
  if (type !== LIST && type !== SET) throw new RangeError(`metadata of an unknown type ${type}`);
  const count = cursor.listLength();
  const { element } = cursor;
  const items: ThriftValue[] = [];
  for (let i = 0; i < count; i++) {
    items.push(element <= FALSE ? cursor.int8() === TRUE : readValue(cursor, element));
  }
  return { element, items };
}

/** The bytes of a struct. */
export function writeStruct(fields: readonly ThriftField[]): Buffer {
  const bytes: number[] = [];

  const unsigned = (value: number) => {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  };
  const signed = (value: number) => unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  const write = (type: number, value: ThriftValue): void => {
    if (type === BYTE) bytes.push((value as number) & 255);
    else if (type > BYTE && type <= INT_MAX_TYPE) signed(value as number);
    else if (type === DOUBLE)
      bytes.push(...new Uint8Array(Float64Array.of(value as number).buffer));
    else if (type === BINARY) {
      unsigned((value as Uint8Array).length);
      for (const byte of value as Uint8Array) bytes.push(byte);
    } else if (type === LIST || type === SET) {
      const { element, items } = value as ThriftList;
      listHead(element, items.length).forEach((byte) => {
        bytes.push(byte);
      });
      for (const item of items) {
        if (element <= FALSE) bytes.push(item === true ? TRUE : FALSE);
        else write(element, item);
      }
    } else if (type === STRUCT) struct(value as ThriftField[]);
  };
  const struct = (members: readonly ThriftField[]) => {
    let before = 0;
    for (const { id, type, value } of members) {
      if (id > before && id - before < 16) bytes.push(((id - before) << 4) | type);
      else {
        bytes.push(type);
        signed(id);
      }
      before = id;
      write(type, value);
    }
    bytes.push(0);
  };
  struct(fields);
  return Buffer.from(bytes);
}

/** What stands before the items of a list. */
function listHead(element: number, count: number): number[] {
  if (count < 15) return [(count << 4) | element];
  const bytes = [0xf0 | element];
  for (let rest = count; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** The value of the field with this number, which must be there. */
export function fieldOf(fields: readonly ThriftField[], id: number): ThriftField {
  const field = fields.find((candidate) => candidate.id === id);
  if (field === undefined) throw new RangeError(`metadata without field ${id}`);
  return field;
}
