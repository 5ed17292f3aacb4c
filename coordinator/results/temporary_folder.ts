import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Makes an empty folder for what is not finished, and removes those that earlier starts of a
 * coordinator left: a coordinator that was replaced may still write to its own for a moment, so
 * each start has another name.
 */
export async function makeTemporaryFolder(
  parent: string,
  purpose: string,
  start: number,
): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const [, number] = new RegExp(`^${purpose}-(\\d+)\\.partial$`).exec(name) ?? [];
    if (number === undefined || Number(number) > start) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
  const folder = join(parent, `${purpose}-${start}.partial`);
  await mkdir(folder, { recursive: true });
  return folder;
}
