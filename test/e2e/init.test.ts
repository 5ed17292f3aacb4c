import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MAIN, phasesweep, Spawned, skipBecause, temporaryFolder } from "./cli.ts";

test("what init writes runs as it said", async () => {
  const folder = temporaryFolder();
  for (const find of ["grid", "boundaries", "map"]) {
    const file = join(folder, `${find}.yaml`);
    const flags = ["--data", "example3", "--loss", "squared", "--find", find, "--budget", "3000"];
    const made = await phasesweep("init", file, ...flags, "--json");
    expect(made.code, made.stderr).toBe(0);
    const { cells } = JSON.parse(made.stdout);
    const ran = await phasesweep("run", file, "--json", "--results", join(folder, find), "--quiet");
    expect(ran.code, ran.stderr).toBe(0);
    const document = JSON.parse(ran.stdout);
    expect(document.cells).toBeLessThanOrEqual(cells);
    if (find !== "boundaries") expect(document.cells).toBe(cells);
    // λ0 is about σ_w² (1 + 1) = 1, and η1 λ0 = 4 exactly (numerics, section 4).
    if (find === "grid") {
      const [{ eta1 }] = document.boundaries;
      expect(eta1.median).toBeGreaterThan(2.5);
      expect(eta1.median).toBeLessThan(6);
    }
  }
});

test("own data are read from where the sweep file is", async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "own.csv"),
    "a,b,side\n1,0,left\n0.5,1,right\n-1,0.25,left\n0,-1,right\n",
  );
  const file = join(folder, "sweep.yaml");
  const made = await phasesweep("init", file, "--data", "own.csv", "--budget", "2000", "--yes");
  expect(made.code, made.stderr).toBe(0);
  expect(readFileSync(file, "utf8")).toContain(
    "dataset: { csv: own.csv, label: side, classes: [ left, right ] } # one sample a line;",
  );
  expect((await phasesweep("plan", file)).stdout).toContain("own-left-right");
  // A path with blanks and umlauts gives a name that sweeps may have, and commands that a shell takes.
  const odd = join(folder, "mein süßer Lauf.yaml");
  const named = await phasesweep("init", odd, "--data", "own.csv", "--budget", "2000", "--yes");
  expect(named.stdout).toContain(`phasesweep run '${odd}'`);
  expect(readFileSync(odd, "utf8")).toContain("\nname: mein-susser-Lauf\n");
  const bad = await phasesweep("init", join(folder, "b.yaml"), "--data", "none.csv", "--yes");
  expect(bad).toMatchObject({ code: 2, stdout: "" });
  expect(bad.stderr).toContain("none.csv");
  expect(existsSync(join(folder, "b.yaml"))).toBe(false);
});

test("nothing is overwritten, and without a terminal it names the flags", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "sweep.yaml");
  const silent = await phasesweep("init", file);
  expect(silent.code).toBe(2);
  expect(silent.stderr).toContain("--data, --find and --budget");
  writeFileSync(file, "mine");
  const refused = await phasesweep("init", file, "--yes");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("it is there already");
  expect(readFileSync(file, "utf8")).toBe("mine");
  const nowhere = await phasesweep("init", join(folder, "no", "sweep.yaml"), "--yes");
  expect(nowhere.stderr).toContain("there is no folder");
});

test("Ctrl-C at a question leaves with the code of interruptions, and writes nothing", async (ctx) => {
  const isThere = spawnSync("script", ["--version"]).status === 0;
  skipBecause(isThere ? undefined : "there is no `script` to make a terminal", ctx.skip);
  const folder = temporaryFolder();
  const command = `${process.execPath} ${MAIN} init ${join(folder, "sweep.yaml")}`;
  const { code, stdout } = await new Spawned("bash", [
    ...["-c", `(sleep 2; printf '\\003'; sleep 1) | script -qec '${command}' /dev/null`],
  ]).finished;
  expect(code, stdout).toBe(130);
  expect(readdirSync(folder)).toEqual([]);
});

test("on a terminal it asks, takes Enter for the default, and asks again after nonsense", async (ctx) => {
  const isThere = spawnSync("script", ["--version"]).status === 0;
  skipBecause(isThere ? undefined : "there is no `script` to make a terminal", ctx.skip);
  const file = join(temporaryFolder(), "sweep.yaml");
  const command = `${process.execPath} ${MAIN} init ${file}`;
  const typed = ["exmaple3 squared", "example3 squared", "", "soon", "3000"];
  const slowly = typed.map((line) => `sleep 0.7; echo '${line}'`).join("; ");
  const { code, stdout } = await new Spawned("bash", [
    ...["-c", `(${slowly}; sleep 1) | script -qec '${command}' /dev/null`],
  ]).finished;
  expect(code, stdout).toBe(0);
  expect(stdout).toContain("write example3");
  expect(stdout).toContain("Which data and loss? [example4 logistic]");
  expect(stdout).toContain("it is neither a time nor a number of cells");
  const text = readFileSync(file, "utf8");
  expect(text).toContain("dataset: example3\n");
  expect(text).toContain("loss: squared\n");
  expect(text).toContain("measure: [ntk, hessian]");
});
