import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, type TestContext } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";

export const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing that a test file started outlives it, though it has a group of its own. */
const alive = new Set<number>();
afterAll(() => {
  for (const pid of alive) killGroup(pid);
});

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

/** A process whose output is kept. It leads a group of its own, so that all of it can be killed. */
export class Spawned {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = "";
  stderr = "";

  constructor(command: string, args: readonly string[]) {
    this.process = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.process.stdout!.on("data", (text) => {
      this.stdout += text;
    });
    this.process.stderr!.on("data", (text) => {
      this.stderr += text;
    });
    const pid = this.process.pid!;
    alive.add(pid);
    this.finished = new Promise((resolve) => {
      this.process.on("close", (code) => {
        alive.delete(pid);
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Kills it with all that it started, as the end of its machine would. */
  async killGroup(): Promise<void> {
    killGroup(this.process.pid!);
    await this.finished;
  }

  /** Resolves when the pattern stands in what was printed to stderr, or stdout. */
  async says(pattern: RegExp, where: "stdout" | "stderr" = "stderr"): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this[where]);
      if (found !== null) return found;
      if (this.process.exitCode !== null)
        throw new Error(`ended without ${pattern}: ${this.stderr}`);
      await pause(20);
    }
  }
}

/** A phasesweep process, as a user starts it. */
export class Cli extends Spawned {
  constructor(...args: string[]) {
    super(process.execPath, [MAIN, ...args]);
  }
}

/** Skips a test that this machine cannot run, and says so where every reporter shows it. */
export function skipBecause(problem: string | undefined, skip: TestContext["skip"]): void {
  if (problem === undefined) return;
  process.stderr.write(`skipped: ${problem}\n`);
  skip(problem);
}

export function phasesweep(...args: string[]): Promise<Finished> {
  return new Cli(...args).finished;
}

export function pause(duration_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration_ms));
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "phasesweep-test-"));
}

/** Writes a sweep file into a folder and returns its path. */
export function sweepFile(folder: string, text: string): string {
  const path = join(folder, "sweep.yaml");
  writeFileSync(path, text);
  return path;
}

export function sha256Of(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** A copy of the built package, to be changed; it uses the packages of this one. */
export function packageCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-copy-"));
  for (const name of ["dist", "proto", "package.json"]) {
    cpSync(join(packageRoot, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(packageRoot, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** The processes in which a `run` or a `worker` computes. */
export function workersOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return status.includes(`\nPPid:\t${parent}\n`) && command.includes("--supervised");
      } catch {
        // It ended meanwhile.
        return false;
      }
    });
}
