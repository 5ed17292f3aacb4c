import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { packageRoot } from "../../shared/package_info.ts";

interface Printed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which a reader types the commands of a page, with `phasesweep` on the path. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "phasesweep-docs-"));
  private readonly background: ChildProcess[] = [];
  private readonly env: NodeJS.ProcessEnv;

  constructor() {
    const bin = join(this.folder, ".bin");
    mkdirSync(bin);
    const phasesweep = join(bin, "phasesweep");
    const main = join(packageRoot, "dist/cli/main.js");
    writeFileSync(phasesweep, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
    chmodSync(phasesweep, 0o755);
    symlinkSync(join(packageRoot, "sweeps"), join(this.folder, "sweeps"));
    this.env = {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env["PATH"]}`,
      NO_COLOR: "1",
      XDG_CACHE_HOME: join(this.folder, ".cache"),
    };
    for (const name of Object.keys(this.env)) {
      if (name.startsWith("PHASESWEEP_")) delete this.env[name];
    }
  }

  write(name: string, lines: readonly string[]): void {
    writeFileSync(join(this.folder, name), `${lines.join("\n")}\n`);
  }

  run(command: string): Promise<Printed> {
    const child = this.start(command);
    let [stdout, stderr] = ["", ""];
    child.stdout!.on("data", (text) => {
      stdout += text;
    });
    child.stderr!.on("data", (text) => {
      stderr += text;
    });
    return new Promise((resolve) => {
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
  }

  /** Starts what goes on while others run; resolves when it has said that it is ready. */
  async runInBackground(command: string, ready: RegExp): Promise<void> {
    const child = this.start(command);
    this.background.push(child);
    let said = "";
    await new Promise<void>((resolve, reject) => {
      const hear = (text: Buffer) => {
        said += text;
        if (ready.test(said)) resolve();
      };
      child.stdout!.on("data", hear);
      child.stderr!.on("data", hear);
      child.on("close", (code) => reject(new Error(`${command}: ended with ${code}: ${said}`)));
    });
  }

  /** Ends what runs in the background, and takes the folder away. */
  async close(): Promise<void> {
    for (const child of this.background.reverse()) {
      if (child.exitCode !== null) continue;
      const ended = new Promise((resolve) => child.on("close", resolve));
      process.kill(-child.pid!, "SIGKILL");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private start(command: string): ChildProcess {
    return spawn("bash", ["-c", command], {
      cwd: this.folder,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
  }
}
