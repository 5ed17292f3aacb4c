import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { complete, type Lookup } from "../../../cli/completion/complete.ts";
import { machineLookup } from "../../../cli/completion/lookup.ts";
import { buildProgram } from "../../../cli/program.ts";
import { systemClock } from "../../../shared/clock.ts";
import { temporaryFolder } from "../../e2e/cli.ts";

/** Stands for the machine: says what it was asked. */
const ECHO: Lookup = async (kind, typed) => [`${typed}<${kind}>`];

async function words(...line: string[]): Promise<string[]> {
  return (await complete(buildProgram(), line, ECHO)).map(({ word }) => word);
}

test("commands, their options, and the values that these take", async () => {
  expect(await words("ru")).toEqual(["run"]);
  expect(await words("")).toContain("doctor");
  expect(await words("")).not.toContain("complete");
  expect(await words("help", "pri")).toEqual(["prioritize"]);
  expect(await words("run", "--re")).toEqual(["--results", "--retry-failed"]);
  expect(await words("run", "--backend", "w")).toEqual(["webgpu", "wasm"]);
  expect(await words("run", "--backend=w")).toEqual(["--backend=webgpu", "--backend=wasm"]);
  // As bash hands that over.
  expect(await words("run", "--backend", "=", "w")).toEqual(["webgpu", "wasm"]);
  expect(await words("run", "--backend", "=")).toContain("cuda");
  expect(await words("completion", "")).toEqual(["bash", "zsh", "fish"]);
  expect(await words("nonsense", "")).toEqual([]);
});

test("what is there already is not offered again, and after -- there are no options", async () => {
  expect(await words("run", "a.yaml", "--slots", "2", "--s")).toEqual([]);
  expect(await words("run", "--", "--")).toEqual(["--<sweep_file>"]);
  expect(await words("trace", "cases.json", "")).toContain("--engine");
  expect(await words("prioritize", "a", "5", "")).toContain("--coordinator");
});

test("arguments are looked up by what help calls them", async () => {
  expect(await words("run", "a.yaml", "sw")).toEqual(["sw<sweep_file>"]);
  expect(await words("query", "re")).toEqual(["re<results_folder>"]);
  expect(await words("query", "results/a", "SEL")).toEqual([]);
  expect(await words("pause", "fi")).toEqual(["fi<sweep_name>"]);
  expect(await words("trace", "ca")).toEqual(["ca<json_file>"]);
  expect(await words("run", "--results", "x")).toEqual(["x<folder>"]);
  expect(await words("report", "results/a", "--out", "x")).toEqual(["x<file>"]);
  expect(await words("worker", "--name", "x")).toEqual([]);
});

test("every command and visible option of the program can be completed", async () => {
  const program = buildProgram();
  for (const command of program.createHelp().visibleCommands(program)) {
    expect(await words(command.name())).toContain(command.name());
    for (const { long } of command.createHelp().visibleOptions(command)) {
      if (command.name() !== "help") expect(await words(command.name(), long!)).toContain(long);
    }
  }
});

test("files and folders of this machine, by what they are", async () => {
  const folder = temporaryFolder();
  const results = join(folder, "results");
  mkdirSync(join(results, "done"), { recursive: true });
  mkdirSync(join(results, "empty"));
  writeFileSync(join(results, "done", "results.parquet"), "");
  for (const name of ["a b.yaml", "c.yml", "d.json", ".hidden.yaml", "e\nf.yaml"]) {
    writeFileSync(join(folder, name), "");
  }
  symlinkSync(results, join(folder, "link"));
  const lookup = machineLookup({}, systemClock);
  const found = (kind: Parameters<Lookup>[0], typed: string) => lookup(kind, typed, new Map());
  expect(await found("sweep_file", `${folder}/`)).toEqual(
    ["a b.yaml", "c.yml", "link/", "results/"].map((name) => join(folder, name)),
  );
  expect(await found("json_file", `${folder}/d`)).toEqual([join(folder, "d.json")]);
  expect(await found("results_folder", `${results}/`)).toEqual([
    join(results, "done"),
    `${join(results, "empty")}/`,
  ]);
  expect(await found("file", join(folder, "nothing", "x"))).toEqual([]);
});
