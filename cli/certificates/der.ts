/** Values of ASN.1 in DER (ITU-T X.690), as far as certificates are made of them. */

const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
/** UTCTime has two digits for the year and ends here (RFC 5280, 4.1.2.5). */
const UTC_TIME_YEAR_END = 2050;

/** A value of any tag around its content. */
export function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

export const sequence = (...contents: readonly Uint8Array[]) => tagged(0x30, ...contents);
export const setOf = (content: Uint8Array) => tagged(0x31, content);
export const octets = (bytes: Uint8Array) => tagged(0x04, bytes);
export const utf8 = (text: string) => tagged(0x0c, Buffer.from(text));
export const TRUE = Buffer.from([0x01, 0x01, 0xff]);

/** Bits, of which the last `unused` are none. */
export function bits(bytes: Uint8Array, unused = 0): Buffer {
  return tagged(0x03, Buffer.from([unused]), bytes);
}

/** A whole number ≥ 0 from its bytes, the highest first. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.from([0]) : bytes.subarray(first);
  return tagged(0x02, ...(digits[0]! >= 0x80 ? [Buffer.from([0])] : []), digits);
}

/** An object identifier in dots. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes: number[] = [];
  for (const part of [40 * first + second, ...rest]) {
    const digits = [part % 128];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) {
      digits.unshift(0x80 + (left % 128));
    }
    bytes.push(...digits);
  }
  return tagged(0x06, Buffer.from(bytes));
}

/** A moment, to the second. */
export function time(moment: Date): Buffer {
  // "2026-11-26T02:30:00.000Z" → "20261126023000Z"
  const digits = `${moment
    .toISOString()
    .slice(0, 19)
    .replace(/[^0-9]/g, "")}Z`;
  const isUtc = moment.getUTCFullYear() < UTC_TIME_YEAR_END;
  return tagged(isUtc ? UTC_TIME : GENERALIZED_TIME, Buffer.from(isUtc ? digits.slice(2) : digits));
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return Buffer.from([0x80 + bytes.length, ...bytes]);
}
