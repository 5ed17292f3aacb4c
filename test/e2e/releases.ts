import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { packageCopy } from "./cli.ts";

export interface Release {
  readonly version: string;
  /** What it says in place of "1 to 2". */
  readonly protocol?: { readonly min: number; readonly max: number };
  /** The version of its kernels, which are those here all the same. */
  readonly kernels?: number;
  /** It says more than this release knows: messages, fields, keys of plans. */
  readonly saysMore?: boolean;
  /** It says no more than release 0.1.0 did. */
  readonly saysLess?: boolean;
}

const copies: string[] = [];
afterAll(() => {
  for (const folder of copies) rmSync(folder, { recursive: true });
});

type Change = readonly [find: string | RegExp, by: string];

/** The command of a release that does not exist: a copy of the built package, changed. */
export function release({ version, protocol, kernels, saysMore, saysLess }: Release): string {
  const folder = packageCopy();
  copies.push(folder);
  change(folder, "package.json", [/"version": "[^"]+"/, `"version": "${version}"`]);
  if (protocol !== undefined) {
    const { min, max } = protocol;
    change(folder, "dist/shared/protocol.js", [
      /PROTOCOL = \{[^}]+\}/,
      `PROTOCOL = { min: ${min}, max: ${max} }`,
    ]);
  }
  if (kernels !== undefined) {
    change(folder, "dist/shared/kernel_version.js", [
      /KERNEL_VERSION = \d+/,
      `KERNEL_VERSION = ${kernels}`,
    ]);
  }
  if (saysMore) sayMore(folder);
  if (saysLess) {
    const fields = ["ProtocolRange protocol", "repeated int32 kernel_versions"];
    for (const field of fields) {
      change(folder, PROTO, [new RegExp(`^ *${field} = \\d+;$`, "gm"), ""]);
    }
    change(folder, PROTO, [/(?<=int32 slot = 12;[^}]*)string version = 13;/, ""]);
  }
  return join(folder, "dist/cli/main.js");
}

const PROTO = "proto/phasesweep/v1/coordinator.proto";

function sayMore(folder: string): void {
  const hint = "Hint hint = 99;";
  change(folder, PROTO, [/$/, "message Hint { string text = 1; }\n"]);
  for (const name of ["WorkerMessage", "CoordinatorMessage"]) {
    change(folder, PROTO, [`message ${name} {\n  oneof message {`, `$&\n    ${hint}`]);
  }
  for (const name of ["Register", "Welcome", "PartHeader"]) {
    change(folder, PROTO, [`message ${name} {`, "$&\n  string later = 99;"]);
  }
  // Every message of a session is followed by one of a kind that is not known elsewhere.
  const more = (kind: string) =>
    `stream.write(message.${kind} ? { ${kind}: { ...message.${kind}, later: "x" } } : message), stream.write({ hint: { text: "x" } })`;
  change(folder, "dist/worker/link.js", ["stream.write(message)", more("register")]);
  change(folder, "dist/worker/link.js", [
    "sendPart(header, bytes) {",
    '$&\n        header = { ...header, later: "x" };',
  ]);
  change(folder, "dist/coordinator/rpc/server.js", ["stream.write(message)", more("welcome")]);
  change(folder, "dist/coordinator/rpc/server.js", [
    "reply(null, { planJson })",
    "reply(null, { planJson: JSON.stringify({ later: [1], ...JSON.parse(planJson) }) })",
  ]);
}

/** @throws Error where there is nothing to change: the test would show nothing. */
function change(folder: string, file: string, [find, by]: Change): void {
  const path = join(folder, file);
  const before = readFileSync(path, "utf8");
  const after = before.replace(find, by);
  if (after === before) throw new Error(`${file} has no ${find} to change`);
  writeFileSync(path, after);
}
