import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../shared/package_info.ts";

export interface Tarball {
  readonly path: string;
  /** Bytes, compressed. */
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Packs the built package as `npm publish` would, into a folder of its own. */
export function pack(): Tarball {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-pack-"));
  const printed = npm(
    packageRoot,
    "pack",
    "--json",
    "--ignore-scripts",
    "--pack-destination",
    folder,
  );
  const report = JSON.parse(printed) as
    | readonly PackReport[]
    | Readonly<Record<string, PackReport>>;
  const [{ filename, size, files }] = Object.values(report) as [PackReport];
  return { path: join(folder, filename), size, files };
}

interface PackReport extends Omit<Tarball, "path"> {
  readonly filename: string;
}

/**
 * Installs the tarball into an empty folder, with the packages that package-lock.json has, so that
 * what `npm ci` left in the cache is enough. Resolves with the folder.
 */
export function install({ path }: Tarball): string {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-installed-"));
  const manifest = {
    name: "reader",
    version: "1.0.0",
    type: "module",
    dependencies: { phasesweep: `file:${path}` },
  };
  const lock = JSON.parse(readFileSync(join(packageRoot, "package-lock.json"), "utf8"));
  const { "": own, ...others } = lock.packages as Record<string, Record<string, unknown>>;
  const { devDependencies: _, ...published } = own!;
  const packages = {
    "": manifest,
    "node_modules/phasesweep": { ...published, resolved: `file:${path}` },
    ...Object.fromEntries(Object.entries(others).filter(([, { dev }]) => dev !== true)),
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(
    join(folder, "package-lock.json"),
    JSON.stringify({ ...lock, name: "reader", version: "1.0.0", packages }),
  );
  npm(folder, "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund");
  return folder;
}

function npm(folder: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}
