/**
 * Resolves once this process reads and writes no file any more, and all that waited for one has gone
 * on, however busy the machine is.
 */
export async function filesAtRest(): Promise<void> {
  const isOfFiles = (resource: string) => /^(FSReq|FileHandle|CloseReq)/.test(resource);
  do await new Promise((resolve) => setImmediate(resolve));
  while (process.getActiveResourcesInfo().some(isOfFiles));
}
