import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { sweepJsonSchema } from "../../shared/spec/schema.ts";
import { commandsPage } from "./commands_page.ts";
import { expectPage } from "./page_file.ts";
import { NEEDED, sweepFilePage } from "./sweep_file_page.ts";

test("docs/sweep_file.md is what the schema says, and no key is without a description", () => {
  expectPage("docs/sweep_file.md", sweepFilePage());
});

test("what the page calls required is what a file is refused without", () => {
  const full = {
    dataset: "example3",
    model: { hidden_layers: 0 },
    loss: "logistic",
    learning_rate: 1,
    seeds: 1,
  };
  const planOf = (file: object) =>
    buildPlan(parseSweep(JSON.stringify({ name: "needed", ...file }), "needed.yaml"));
  expect(planOf(full).cells).toBe(1);
  for (const key of Object.keys(full)) {
    expect(NEEDED).toContain(key);
    expect(() => planOf({ ...full, [key]: undefined }), key).toThrow("is missing");
  }
  expect(() => planOf({ ...full, model: {} })).toThrow("'model.hidden_layers' is missing");
});

test("every example of a key is one that the key takes", () => {
  let examples = 0;
  const look = (node: unknown, key = ""): void => {
    if (node === null || typeof node !== "object") return;
    const { example } = node as { example?: unknown };
    if (typeof example === "string" && key !== "") {
      examples++;
      const parsed = parse(example) as Record<string, unknown>;
      expect(Object.keys(parsed), example).toEqual([key]);
      const ajv = new Ajv2020({ strict: false, allErrors: true });
      expect(ajv.validate(node as object, parsed[key]) || ajv.errorsText(), example).toBe(true);
    }
    for (const [name, inner] of Object.entries((node as { properties?: object }).properties ?? {}))
      look(inner, name);
    for (const name of ["items", "anyOf"]) {
      const inner = (node as Record<string, unknown>)[name];
      for (const each of Array.isArray(inner) ? inner : [inner]) look(each);
    }
  };
  look(sweepJsonSchema());
  expect(examples).toBeGreaterThan(60);
});

test("docs/commands.md is what the command line takes", () => {
  expectPage("docs/commands.md", commandsPage());
});
