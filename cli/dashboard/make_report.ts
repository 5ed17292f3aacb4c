import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { FailureError } from "../../shared/errors.ts";
import { packageRoot } from "../../shared/package_info.ts";
import { shellWord } from "../../shared/shell_word.ts";

/** What a process said that failed is told so far. */
const STORY_CHARACTERS = 2_000;

/**
 * Writes report.html of a results folder in a process of its own, behind everything else that this
 * machine has to do: it trains cells again, which is not to hold up a coordinator. @throws FailureError
 */
export function makeReport(folder: string): Promise<void> {
  const main = join(packageRoot, "dist", "cli", "main.js");
  const child = spawn(process.execPath, [main, "report", folder], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  let said = "";
  child.stderr.on("data", (text) => {
    said = `${said}${text}`.slice(-STORY_CHARACTERS);
  });
  if (child.pid !== undefined) lowerPriority(child.pid);
  return new Promise((resolve, reject) => {
    const failed = (how: string) => {
      const problem = `no report was written: ${how}`;
      reject(
        new FailureError({
          place: folder,
          problem,
          fix: `\`phasesweep report ${shellWord(folder)}\``,
        }),
      );
    };
    child.once("error", (error) => failed(error.message));
    child.once("close", (code, signal) => {
      process.off("exit", end);
      // 1 without a word: it is written, and says that a row is not what its engine makes of it.
      if (code === 0 || (code === 1 && said === "")) resolve();
      else failed(said.trim() || `it ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or this system does not let us.
  }
}
