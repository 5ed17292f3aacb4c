import { spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./cli.ts";

/** A disk of a few megabytes in memory, to be filled. */
export class SmallDisk {
  readonly folder = temporaryFolder();

  /** Why there can be none here, or undefined. */
  static problem(): string | undefined {
    if (process.getuid?.() !== 0) return "mounting a small disk needs root";
    const disk = new SmallDisk();
    try {
      disk.mount(1000);
      return undefined;
    } catch (error) {
      return `this machine mounts no tmpfs: ${error}`;
    } finally {
      disk.unmount();
    }
  }

  mount(kilobytes: number): void {
    run("mount", "-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", this.folder);
  }

  /** Takes all the room that is left. */
  fill(): void {
    const file = openSync(this.ballast(), "w");
    try {
      for (let block = Buffer.alloc(1 << 16); block.length > 0; ) {
        try {
          writeSync(file, block);
        } catch {
          block = block.subarray(0, block.length >> 1);
        }
      }
    } finally {
      closeSync(file);
    }
  }

  /** Gives back what fill() took. */
  free(): void {
    rmSync(this.ballast());
  }

  remount(option: string): void {
    run("mount", "-o", `remount,${option}`, this.folder);
  }

  unmount(): void {
    spawnSync("umount", ["--lazy", this.folder]);
  }

  private ballast(): string {
    return join(this.folder, "ballast");
  }
}

function run(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error ?? stderr}`);
}
