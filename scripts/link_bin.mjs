// npm links the bins of dependencies, never a package's own: this does it for a clone, so that
// `npx phasesweep` there runs what was built there.
import { chmodSync, existsSync, rmSync, symlinkSync } from "node:fs";

const link = "node_modules/.bin/phasesweep";

if (existsSync("node_modules/.bin") && process.platform !== "win32") {
  chmodSync("dist/cli/main.js", 0o755);
  rmSync(link, { force: true });
  symlinkSync("../../dist/cli/main.js", link);
}
