import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Cli, MAIN, phasesweep, skipBecause, temporaryFolder } from "./cli.ts";

/** A folder with sweep files, in which `phasesweep` is a command of the shell. */
function home(): { folder: string; env: NodeJS.ProcessEnv } {
  const folder = temporaryFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "phasesweep"), `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`);
  chmodSync(join(bin, "phasesweep"), 0o755);
  writeFileSync(join(folder, "mine.yaml"), "");
  writeFileSync(join(folder, "$(touch owned).yaml"), "");
  return {
    folder,
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, HOME: folder },
  };
}

function shell(command: string, args: readonly string[], place: ReturnType<typeof home>) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    ...{ cwd: place.folder, env: place.env, encoding: "utf8", timeout: 60_000 },
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout.trimEnd().split("\n");
}

const isThere = (name: string) => spawnSync(name, ["--version"]).status === 0;

/** The words that bash offers where its arguments end. */
function inBash(place: ReturnType<typeof home>, ...words: string[]): string[] {
  const script = `source <(phasesweep completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
_phasesweep phasesweep
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return shell("bash", ["-c", script, "bash", "phasesweep", ...words], place);
}

test("bash completes commands, options, values and files, and evaluates nothing", () => {
  const place = home();
  expect(inBash(place, "ru")).toEqual(["run"]);
  expect(inBash(place, "run", "--backend", "=", "w")).toEqual(["webgpu", "wasm"]);
  expect(inBash(place, "plan", "m")).toEqual(["mine.yaml"]);
  // What a shell would run is quoted, and was not run.
  expect(inBash(place, "plan", "$")).toEqual(["\\$\\(touch\\ owned\\).yaml"]);
  expect(inBash(place, "plan", "")).not.toContain("owned");
});

test("names of sweeps come from the coordinator that the line names", async () => {
  const place = home();
  const server = new Cli("serve", "--listen", "127.0.0.1:0", "--results", join(place.folder, "r"));
  const [, address = ""] = await server.says(/listens on (\S+),/);
  const sweep = join(place.folder, "mine.yaml");
  writeFileSync(
    sweep,
    "name: my-sweep\ndataset: example3\nmodel: { hidden_layers: 1, width: 10 }\nloss: squared\nlearning_rate: [1]\nseeds: 1\ntraining: { steps: 10 }\n",
  );
  expect((await phasesweep("submit", sweep, "--coordinator", address)).code).toBe(0);
  const words = await phasesweep("complete", "--", "pause", "--coordinator", address, "my");
  expect(words.stdout).toBe("my-sweep\n");
  await server.killGroup();
  const alone = await phasesweep("complete", "--", "pause", "--coordinator", address, "my");
  expect(alone).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("zsh does", (ctx) => {
  skipBecause(isThere("zsh") ? undefined : "zsh is not installed", ctx.skip);
  const place = home();
  const script = `compdef() { :; }
source <(phasesweep completion zsh)
compadd() { print -rl -- "\${@[(i)--]:+\${@[$(( \${@[(i)--]} + 1 )),-1]}}"; }
words=(phasesweep "$@"); CURRENT=$#words
_phasesweep`;
  const inZsh = (...words: string[]) => shell("zsh", ["-fc", script, "zsh", ...words], place);
  expect(inZsh("ru")).toEqual(["run"]);
  expect(inZsh("run", "--backend=w")).toEqual(["--backend=webgpu", "--backend=wasm"]);
  expect(inZsh("plan", "$")).toEqual(["$(touch owned).yaml"]);
});

test("fish does", (ctx) => {
  skipBecause(isThere("fish") ? undefined : "fish is not installed", ctx.skip);
  const place = home();
  const inFish = (line: string) =>
    shell("fish", ["-c", `phasesweep completion fish | source; complete -C '${line}'`], place).map(
      (found) => found.split("\t")[0],
    );
  expect(inFish("phasesweep ru")).toEqual(["run"]);
  expect(inFish("phasesweep run --backend w").toSorted()).toEqual(["wasm", "webgpu"]);
  expect(inFish("phasesweep plan m")).toEqual(["mine.yaml"]);
});
