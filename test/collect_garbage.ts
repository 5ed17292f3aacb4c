import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/**
 * libsql lets go of a closed database, and of its lock, only when the statements that were prepared
 * on it are collected: whoever opens it again in the same process has to see to that.
 */
export async function collectGarbage(): Promise<void> {
  await setImmediate();
  gc();
  await setImmediate();
}
