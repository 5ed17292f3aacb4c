import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { LOG_LEVELS } from "../../shared/log.ts";
import { packageRoot } from "../../shared/package_info.ts";
import { Cli, pause, phasesweep, skipBecause, sweepFile, temporaryFolder } from "../e2e/cli.ts";

const MONITORING = join(packageRoot, "deploy", "monitoring");
const RULES = join(MONITORING, "alerts.yml");
const read = (name: string) => readFileSync(join(MONITORING, name), "utf8");

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}
const alerts: Alert[] = parse(read("alerts.yml")).groups[0].rules;

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
}
const panels: Panel[] = JSON.parse(read("dashboard.json")).panels;

/** By metric, the values of each of its labels. */
type Exported = Map<string, Map<string, Set<string>>>;

/** What a page in Prometheus' text format exports; names that it declares count without a sample. */
function addExported(exported: Exported, page: string): void {
  for (const line of page.split("\n")) {
    const [, declared, type] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
    const names = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    for (const suffix of declared === undefined ? [] : names) {
      exported.set(`${declared}${suffix}`, exported.get(`${declared}${suffix}`) ?? new Map());
    }
    const [, name, labels] = /^([a-z_0-9]+)\{(.*)\} /.exec(line) ?? [];
    if (name === undefined) continue;
    for (const [, label, value] of labels!.matchAll(/([a-z_]+)="([^"]*)"/g)) {
      const values = exported.get(name)!;
      values.set(label!, (values.get(label!) ?? new Set()).add(value!));
    }
  }
}

/** What a query asks for that nobody exports: metrics, and values of labels that they never have. */
function unknownIn(query: string, exported: Exported): string[] {
  const unknown: string[] = [];
  for (const [, name, selector] of query.matchAll(
    /\b((?:phasesweep|nodejs|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/g,
  )) {
    const labels = exported.get(name!);
    if (labels === undefined) unknown.push(name!);
    for (const [, label, value] of (selector ?? "").matchAll(/([a-z_]+)="([^"]*)"/g)) {
      if (label === "job") continue;
      if (labels?.get(label!)?.has(value!) !== true) unknown.push(`${name}{${label}="${value}"}`);
    }
  }
  return unknown;
}

describe("a coordinator and a worker with a sweep", () => {
  const exported: Exported = new Map();
  const lines: Record<string, unknown>[] = [];

  beforeAll(async () => {
    const folder = temporaryFolder();
    const common = ["--http", "127.0.0.1:0", "--log-format", "json"];
    const serve = new Cli(...["serve", "--results", folder, "--listen", "127.0.0.1:0", ...common]);
    const metricsOf = async (process: Cli) => (await process.says(/(http:\S+\/metrics)/))[1]!;
    const [, coordinator] = await serve.says(/listens on ([\d.:]+),/);
    const worker = new Cli(...["worker", "--coordinator", coordinator!, "--slots", "1", ...common]);
    const sweep = sweepFile(
      folder,
      `{name: watched, dataset: example3, loss: logistic, seeds: 40,
        model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 33}}`,
    );
    await phasesweep("submit", sweep, "--coordinator", coordinator!, "--watch");
    // The worker tells its parent what it did once a second.
    const worked = await metricsOf(worker);
    for (;;) {
      const page = await (await fetch(worked)).text();
      addExported(exported, page);
      if (/^phasesweep_worker_cells_total\{.*\} 1[0-9]{3}$/m.test(page)) break;
      await pause(100);
    }
    addExported(exported, await (await fetch(await metricsOf(serve))).text());
    worker.process.kill("SIGTERM");
    await worker.finished;
    serve.process.kill("SIGTERM");
    await serve.finished;
    for (const { stderr } of [serve, worker]) {
      lines.push(
        ...stderr
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line)),
      );
    }
  });

  test("export every metric, and every value of a label, that alerts ask for", () => {
    expect(alerts.length).toBeGreaterThan(15);
    for (const { alert, expr } of alerts) {
      const refusals = /,?code=~"[^"]*"/;
      expect(unknownIn(expr.replace(refusals, ""), exported), alert).toEqual([]);
    }
    expect(unknownIn('rate(phasesweep_leases_lost_total{how="x"}[1m])', exported)).toHaveLength(2);
    expect(unknownIn('phasesweep_workers{state="sleepy"}', exported)).toHaveLength(1);
  });

  test("export all that the dashboard shows, and panels have units and say what they are", () => {
    const shown = panels.filter(({ type }) => type !== "row");
    expect(shown.length).toBeGreaterThan(30);
    for (const { title, targets, fieldConfig } of shown) {
      expect(targets!.length, title).toBeGreaterThan(0);
      expect(fieldConfig!.defaults.unit, title).toBeTruthy();
      for (const { expr } of targets!) {
        expect(expr, title).toContain('fleet=~"$fleet"');
        expect(unknownIn(expr, exported), title).toEqual([]);
      }
    }
  });

  test("have a help text and a unit for each metric of ours", () => {
    const ours = [...exported.keys()].filter((name) => name.startsWith("phasesweep_"));
    expect(ours.length).toBeGreaterThan(50);
    for (const name of ours) expect(name).not.toMatch(/_(ms|milliseconds|mb|kb|minutes)(_|$)/);
  });

  test("write one JSON object a line, which says what happened to whom", () => {
    for (const line of lines) {
      expect(LOG_LEVELS).toContain(line["level"]);
      expect(String(line["time"])).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(typeof line["message"]).toBe("string");
    }
    const told = (message: string) => lines.find((line) => line["message"] === message);
    expect(told("worker connected")).toMatchObject({ slots: 1, level: "info" });
    expect(told("sweep is done")).toMatchObject({ sweep: "watched", cells: 1320 });
    expect(told("worker left")).toMatchObject({ worker: told("worker connected")!["worker"] });
  });
});

test("every alert has a section of its own in the runbook", () => {
  const headings = readFileSync(join(packageRoot, "deploy", "README.md"), "utf8")
    .split("\n")
    .flatMap((line) =>
      (/^#+ (.*)$/.exec(line)?.slice(1) ?? []).map((title) => title.toLowerCase()),
    );
  for (const { alert, annotations } of alerts) {
    const [file, anchor] = annotations["runbook"]!.split("#");
    expect(file).toBe("deploy/README.md");
    expect(anchor).toBe(alert.toLowerCase());
    expect(headings, alert).toContain(anchor);
    expect(annotations["summary"]).toBeTruthy();
  }
});

describe("promtool", () => {
  const missing =
    spawnSync("promtool", ["--version"]).error === undefined
      ? undefined
      : "promtool is missing: install Debian's package prometheus";
  const promtool = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
    expect(status, stdout + stderr).toBe(0);
  };

  test("takes the rules and the configuration", ({ skip }) => {
    skipBecause(missing, skip);
    promtool("check", "rules", RULES);
    promtool("check", "config", "--syntax-only", join(MONITORING, "prometheus.yml"));
  });

  test("finds that alerts fire when they should, and only then", ({ skip }) => {
    skipBecause(missing, skip);
    promtool("test", "rules", join(packageRoot, "test", "deploy", "alerts_test.yml"));
  });
});

test("other machines may read numbers only with credentials, or where that is asked for", async () => {
  const http = ["--http", "0.0.0.0:0"];
  const serve = await phasesweep("serve", "--results", temporaryFolder(), ...http);
  expect(serve.code).toBe(2);
  expect(serve.stderr).toMatch(
    /--http 0\.0\.0\.0:0: .*no credentials[\s\S]*--credentials .*--insecure/,
  );
  const json = ["--log-format", "json"];
  const worker = await phasesweep("worker", "--slots", "1", ...http, ...json);
  expect(worker.code).toBe(2);
  // In JSON a failure is a line of the log too.
  expect(JSON.parse(worker.stderr)).toMatchObject({ level: "error" });
  expect(JSON.parse(worker.stderr).message).toContain("plain HTTP");
});
