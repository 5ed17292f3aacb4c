import { expect, test } from "vitest";
import { CommandLineError } from "../../cli/failure/command_line_error.ts";
import { explainFailure, failureDocument, failureText } from "../../cli/failure/explain_failure.ts";
import { otherNameOf } from "../../cli/failure/other_names.ts";
import { buildProgram } from "../../cli/program.ts";
import { FailureError, UsageError } from "../../shared/errors.ts";

/** What the command line says to some arguments. */
async function failureOf(...args: string[]) {
  const program = buildProgram();
  const thrown: unknown = await program.parseAsync(args, { from: "user" }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(CommandLineError);
  const { problems, exit_code } = explainFailure(thrown);
  expect(exit_code).toBe(2);
  return problems[0]!;
}

test("wrong arguments are named with their place and what mends them", async () => {
  expect(await failureOf("rnu")).toMatchObject({
    place: "phasesweep",
    problem: "unknown command 'rnu'",
    fix: "write run",
  });
  // A word of other programs is worth more than a command that is spelt nearly so.
  expect((await failureOf("start")).fix).toBe("write run");
  expect((await failureOf("stop")).fix).toBe("write cancel");
  expect((await failureOf("figure3.yaml")).fix).toBe("write run figure3.yaml");
  expect((await failureOf("constructor")).fix).toContain("--help");
  expect(await failureOf("plan", "a.yaml", "--resutls", "x")).toMatchObject({
    place: "phasesweep plan",
    fix: "write --results",
  });
  expect((await failureOf("plan")).fix).toBe("write `phasesweep plan [options] <sweep...>`");
  expect(await failureOf("run", "a.yaml", "--slots", "x")).toEqual({
    place: "phasesweep run --slots",
    problem: "'x' is not allowed: it must be a whole number from 0 to 1024",
    fix: "give a whole number from 0 to 1024",
  });
  expect((await failureOf("run", "a.yaml", "--backend", "webgup")).fix).toBe(
    "write --backend webgpu",
  );
  expect((await failureOf("run", "a.yaml", "--backend", "quantum")).fix).toContain("give one of");
  expect(await failureOf("prioritize", "a", "b")).toMatchObject({
    place: "phasesweep prioritize priority",
    fix: "give a whole number from -1000 to 1000",
  });
  expect((await failureOf("phi")).fix).toBe("add --learning-rate <eta>");
  expect((await failureOf("run", "a.yaml", "--results")).fix).toBe("write --results <dir>");
  expect((await failureOf("query", "a", "b", "--json", "--csv")).fix).toContain("leave one");
  // An argument is written without its name.
  expect((await failureOf("schema", "statsu")).fix).toBe("write status");
  expect((await failureOf("query", "a", "b", "--limit", "0")).fix).toBe(
    "give a whole number of at least 1",
  );
  // An empty text, as an unset variable of a shell leaves it, is no zero.
  for (const args of [
    ["run", "a.yaml", "--slots", ""],
    ["run", "a.yaml", "--http", "localhost:"],
    ["phi", "--learning-rate", " "],
  ]) {
    expect((await failureOf(...args)).problem, args.join(" ")).toContain("is not allowed");
  }
});

test("commands that are called something else elsewhere lead to what there is", async () => {
  const program = buildProgram();
  const names = ["--version", ...program.commands.map((command) => command.name())];
  for (const word of ["list", "validate", "new", "kill", "ui", "diagnose", "version"]) {
    const meant = otherNameOf(word);
    expect(names).toContain(meant);
    expect((await failureOf(word)).fix).toBe(`write ${meant}`);
  }
});

test("a value that comes from a variable is told by the variable", async () => {
  process.env["PHASESWEEP_PROGRESS"] = "line";
  try {
    expect(await failureOf("run", "a.yaml")).toEqual({
      place: "PHASESWEEP_PROGRESS",
      problem: "'line' is none of its values",
      fix: "write PHASESWEEP_PROGRESS=lines",
    });
  } finally {
    delete process.env["PHASESWEEP_PROGRESS"];
  }
});

test("errors of the system name the path and what mends it, and defects how to report them", () => {
  const full = Object.assign(new Error("write"), { code: "ENOSPC", path: "results/a" });
  expect(failureText(explainFailure(full))).toMatch(/^results\/a: the disk is full .*\n {2}fix: /);
  const taken = Object.assign(new Error(), { code: "EADDRINUSE", address: "::1", port: 80 });
  expect(explainFailure(taken)).toMatchObject({ exit_code: 1, problems: [{ place: "::1:80" }] });
  const database = 'IO Error: Cannot open file "r/b.parquet.partial": Permission denied';
  expect(explainFailure(new Error(database)).problems[0]).toMatchObject({
    ...{ place: "r/b.parquet", problem: "no permission (EACCES)" },
  });
  const defect = explainFailure(new TypeError("x is not a function"));
  expect(defect).toMatchObject({ exit_code: 1, isDefect: true });
  expect(failureText(defect).split("\n")).toHaveLength(3);
  expect(failureText(defect)).toContain("PHASESWEEP_DEBUG=1");
  expect(explainFailure("text").problems[0]!.problem).toContain("text");
});

test("programs get all problems, and the first by itself", () => {
  const [a, b] = ["a", "b"].map((place) => ({ place, problem: "p", fix: "f" })) as [never, never];
  expect(failureDocument(explainFailure(new UsageError(a, b)))).toEqual({
    error: a,
    errors: [a, b],
    exit_code: 2,
  });
  expect(failureDocument(explainFailure(new FailureError(b))).exit_code).toBe(1);
});
