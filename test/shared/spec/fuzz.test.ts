import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UsageError } from "../../../shared/errors.ts";
import { packageRoot } from "../../../shared/package_info.ts";
import { serializePlan } from "../../../shared/plan.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { Seeded } from "../../hostile/seeded.ts";

const FILES = Number(process.env.PHASESWEEP_FUZZ_SWEEPS ?? 600);
const SEED = Number(process.env.PHASESWEEP_FUZZ_SEED ?? 1);

const SWEEPS = join(packageRoot, "sweeps");
const texts = readdirSync(SWEEPS, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => readFileSync(join(SWEEPS, name), "utf8"));

const VALUES = [
  "",
  "null",
  "true",
  "-1",
  "0",
  "1e308",
  "1e999",
  ".nan",
  "9007199254740993",
  "0x1f",
  "[]",
  "{}",
  "[[1, 2], [3]]",
  "{ from: 1, to: 2, points: 1000000000 }",
  "{ from: 2, to: 1, points: 3, scale: log }",
  "{ count: 1e9 }",
  "../../etc/passwd",
  "/dev/zero",
  '"\\ud800"',
  "__proto__",
  "constructor",
  "&a [*a, *a]",
  "*b",
  "!!binary aGVsbG8=",
  "<<: *c",
  "- - - -",
  "\u0000",
  "x".repeat(5_000),
  "[".repeat(20_000),
];

/** A sweep file with a few things in it that somebody, or something, got wrong. */
function mutated(text: string, seeded: Seeded): string {
  const lines = text.split("\n");
  for (let i = 1 + seeded.below(3); i > 0; i--) {
    const at = seeded.below(lines.length);
    const line = lines[at]!;
    const colon = line.indexOf(":");
    switch (seeded.below(8)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, seeded.pick(lines));
        break;
      case 2:
      case 3:
        if (colon > 0) lines[at] = `${line.slice(0, colon)}: ${seeded.pick(VALUES)}`;
        break;
      case 4:
        // One of the numbers in it.
        lines[at] = line.replace(/\d+(\.\d+)?/g, (number) =>
          seeded.chance(0.5) ? seeded.pick(VALUES) : number,
        );
        break;
      case 5:
        lines[at] = `${" ".repeat(seeded.below(5))}${line}`;
        break;
      case 6: {
        const from = seeded.below(line.length + 1);
        lines[at] =
          line.slice(0, from) + seeded.pick([...":{}[],&*!|>'\"%@`#-\t"]) + line.slice(from);
        break;
      }
      default:
        if (colon > 0)
          lines[at] = line.replace(
            /[a-z_]+(?=:)/,
            seeded.pick(["__proto__", "x", "grids", "name"]),
          );
    }
  }
  return lines.join("\n");
}

test("broken sweep files become a plan or a usage error, and nothing else", {
  timeout: 300_000,
}, () => {
  const seeded = new Seeded(SEED);
  const others: string[] = [];
  const count = { plans: 0, refused: 0 };
  for (let i = 0; i < FILES; i++) {
    const text = mutated(seeded.pick(texts), seeded);
    try {
      // The origin is in a folder that holds nothing, so that no data set is read.
      serializePlan(buildPlan(parseSweep(text, "/nowhere/sweep.yaml")));
      count.plans++;
    } catch (error) {
      if (error instanceof UsageError) count.refused++;
      else others.push(`${error instanceof Error ? error.stack : error}\n${text}`);
    }
  }
  process.stderr.write(
    `${FILES} broken sweep files, seed ${SEED}: ${count.plans} plans, ${count.refused} refused\n`,
  );
  expect(others.slice(0, 3)).toEqual([]);
  expect(count.plans).toBeGreaterThan(FILES / 20);
  expect(count.refused).toBeGreaterThan(FILES / 20);
});

test.each([
  ["an alias without its anchor", "name: x\nseeds: *nobody\n", /Unresolved alias|nobody/],
  ["a list that holds itself", "name: x\nseeds: &a [*a, *a]\n", /circular|aliases/i],
  ["deep nesting", `name: ${"[".repeat(20_000)}`, /YAML/],
])("%s is a usage error", (_what, text, problem) => {
  const load = () => parseSweep(text, "sweep.yaml");
  expect(load).toThrow(UsageError);
  expect(load).toThrow(problem);
});

test("an axis that doubles cannot hold is a usage error", () => {
  const axis = (text: string) =>
    `{ name: a, dataset: example4, loss: logistic, learning_rate: { ${text} }, model: { hidden_layers: 1, width: 9 }, seeds: 1, training: { steps: 1 } }`;
  for (const [text, problem] of [
    ["from: 36, to: 1e308, points: 9, scale: log", /must be at most 1e\+150/],
    ["from: 1e-308, to: 1, points: 9, scale: log", /must be at least 1e-150/],
    ["from: 0, to: 1, points: 9, scale: linear", /must be at least 1e-150/],
  ] as const) {
    const load = () => buildPlan(parseSweep(axis(text), "/nowhere/sweep.yaml"));
    expect(load).toThrow(UsageError);
    expect(load).toThrow(problem);
  }
  const widest = axis("from: 1e-150, to: 1e150, points: 9, scale: log");
  expect(serializePlan(buildPlan(parseSweep(widest, "/nowhere/sweep.yaml")))).toContain("points");
});
