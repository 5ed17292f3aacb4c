import { createHash, type KeyObject, randomBytes, sign } from "node:crypto";
import * as der from "./der.ts";

/** What a certificate says (X.509, RFC 5280); keys are on the curve P-256. */
export interface CertificateContent {
  /** The common name of whom it belongs to. */
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly from: Date;
  readonly until: Date;
  readonly use: "authority" | "server" | "client";
  /** The host name that a server proves. */
  readonly dnsName?: string;
}

/** Whose key signs, and under which common name. */
export interface Issuer {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const SERIAL_BYTES = 16;
const ECDSA_WITH_SHA256 = der.sequence(der.objectId("1.2.840.10045.4.3.2"));
const COMMON_NAME = der.objectId("2.5.4.3");
const SUBJECT_KEY_ID = "2.5.29.14";
const KEY_USAGE = "2.5.29.15";
const SUBJECT_ALT_NAME = "2.5.29.17";
const BASIC_CONSTRAINTS = "2.5.29.19";
const AUTHORITY_KEY_ID = "2.5.29.35";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SERVER_AUTH = der.objectId("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH = der.objectId("1.3.6.1.5.5.7.3.2");
/** Bits 5 and 6 of KeyUsage: keyCertSign, cRLSign. */
const SIGNS_CERTIFICATES = der.bits(Buffer.from([0b0000_0110]), 1);
/** Bit 0: digitalSignature, all that TLS 1.3 asks of a key. */
const SIGNS_HANDSHAKES = der.bits(Buffer.from([0b1000_0000]), 7);

/** A signed certificate as PEM. What is written here is read, and judged, by OpenSSL. */
export function certificatePem(content: CertificateContent, issuer: Issuer): string {
  const signed = der.sequence(
    // Version 3 counts from 0.
    der.tagged(0xa0, der.integer(Buffer.from([2]))),
    der.integer(serialNumber()),
    ECDSA_WITH_SHA256,
    nameOf(issuer.subject),
    der.sequence(der.time(content.from), der.time(content.until)),
    nameOf(content.subject),
    content.publicKey.export({ type: "spki", format: "der" }),
    der.tagged(0xa3, der.sequence(...extensions(content, issuer))),
  );
  const signature = der.bits(sign("sha256", signed, issuer.privateKey));
  const base64 = der.sequence(signed, ECDSA_WITH_SHA256, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function extensions({ use, publicKey, dnsName }: CertificateContent, issuer: Issuer): Buffer[] {
  const isAuthority = use === "authority";
  // An authority below which there is no other.
  const constraints = isAuthority ? [der.TRUE, der.integer(Buffer.from([0]))] : [];
  const list = [
    extension(BASIC_CONSTRAINTS, der.sequence(...constraints), true),
    extension(KEY_USAGE, isAuthority ? SIGNS_CERTIFICATES : SIGNS_HANDSHAKES, true),
    extension(SUBJECT_KEY_ID, der.octets(keyId(publicKey))),
  ];
  if (isAuthority) return list;
  list.push(
    extension(AUTHORITY_KEY_ID, der.sequence(der.tagged(0x80, keyId(issuer.publicKey)))),
    extension(EXTENDED_KEY_USAGE, der.sequence(use === "server" ? SERVER_AUTH : CLIENT_AUTH)),
  );
  if (dnsName !== undefined) {
    const names = der.sequence(der.tagged(0x82, Buffer.from(dnsName)));
    list.push(extension(SUBJECT_ALT_NAME, names));
  }
  return list;
}

function extension(id: string, value: Uint8Array, isCritical = false): Buffer {
  return der.sequence(der.objectId(id), ...(isCritical ? [der.TRUE] : []), der.octets(value));
}

function nameOf(common: string): Buffer {
  return der.sequence(der.setOf(der.sequence(COMMON_NAME, der.utf8(common))));
}

function keyId(key: KeyObject): Buffer {
  const spki = key.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest().subarray(0, 20);
}

/** Random, and positive with the same number of bytes whatever comes (RFC 5280, 4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}
