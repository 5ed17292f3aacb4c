import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { packageRoot, packageVersion } from "../../shared/package_info.ts";
import { skipBecause } from "../e2e/cli.ts";
import {
  type KubernetesObject,
  kustomizeProblem,
  nameOf,
  OVERLAYS,
  podsOf,
  rendered,
} from "./objects.ts";
import { podProblems } from "./pod_rules.ts";
import { referenceProblems } from "./reference_rules.ts";
import { typeProblems } from "./type_check.ts";

const problem = kustomizeProblem();
beforeEach(({ skip }) => skipBecause(problem, skip));

function schemaProblems(objects: readonly KubernetesObject[]): string[] {
  return typeProblems(
    objects.map((object) => ({
      name: nameOf(object),
      module: `kubernetes-models/${object["apiVersion"]}/${object["kind"]}`,
      type: `I${object["kind"]}`,
      value: object,
    })),
  );
}

test("every object of every overlay is what the API of Kubernetes takes", () => {
  const objects = OVERLAYS.flatMap(rendered);
  expect(objects.length).toBeGreaterThan(50);
  expect(schemaProblems(objects)).toEqual([]);
});

describe.each(OVERLAYS)("%s", (overlay) => {
  test("pods can do no more than they must, and objects find each other", () => {
    const objects = rendered(overlay);
    expect(podProblems(objects)).toEqual([]);
    expect(referenceProblems(objects)).toEqual([]);
  });

  test("objects are labelled, in one namespace, and of this version", () => {
    for (const object of rendered(overlay)) {
      const { metadata, kind } = object;
      if (kind !== "Namespace") expect(metadata.namespace, nameOf(object)).toBe("phasesweep");
      expect(metadata.labels?.["app.kubernetes.io/part-of"], nameOf(object)).toBe("phasesweep");
      const version = metadata.labels["app.kubernetes.io/version"];
      expect(version ?? packageVersion, nameOf(object)).toBe(packageVersion);
    }
    for (const pod of podsOf(rendered(overlay))) {
      const [{ image }] = pod["spec"].template.spec.containers;
      const ours = new RegExp(`^phasesweep(-cuda)?:${packageVersion.replaceAll(".", "\\.")}$`);
      expect(image).toMatch(/^postgres:/.test(image) ? /:15$/ : ours);
    }
  });

  test("the secrets that pods need are those that the instructions make", () => {
    const text = readFileSync(join(packageRoot, "deploy/kubernetes/README.md"), "utf8");
    const names = new Set<string>();
    for (const pod of podsOf(rendered(overlay))) {
      const { volumes = [], containers } = pod["spec"].template.spec;
      for (const { secret } of volumes) if (secret !== undefined) names.add(secret.secretName);
      for (const { env = [] } of containers) {
        for (const { valueFrom } of env) {
          if (valueFrom?.secretKeyRef !== undefined) names.add(valueFrom.secretKeyRef.name);
        }
      }
    }
    for (const name of names) expect(text).toContain(`create secret generic ${name} `);
  });
});

test("the autoscaler asks for a metric that the adapter makes of one that coordinators export", () => {
  const scaler = rendered("autoscaling").find(({ kind }) => kind === "HorizontalPodAutoscaler")!;
  const { name } = scaler["spec"].metrics[0].external.metric;
  const adapter = parse(
    readFileSync(
      join(packageRoot, "deploy/kubernetes/components/autoscaling/prometheus-adapter.yaml"),
      "utf8",
    ),
  );
  const [rule] = adapter.rules.external;
  expect(rule.name.as).toBe(name);
  expect(rule.metricsQuery).toContain(`(${rule.seriesQuery}{numeric_class`);
  const gauges = readFileSync(join(packageRoot, "coordinator/metrics/fleet_gauges.ts"), "utf8");
  expect(gauges).toMatch(new RegExp(`\\b${rule.seriesQuery}: \\[[^\\]]*"numeric_class"`, "s"));
});

/** What the checks must find, or they would check nothing. */
const MISTAKES: readonly {
  readonly what: string;
  readonly in: string;
  readonly by: (object: KubernetesObject) => void;
  readonly found: RegExp;
}[] = [
  {
    what: "a misspelt key",
    in: "StatefulSet/phasesweep-coordinator",
    by: ({ spec }) => {
      spec.template.spec.containers[0].readynessProbe = {};
    },
    found: /readynessProbe.*does not exist/,
  },
  {
    what: "a misspelt key deep within",
    in: "NetworkPolicy/phasesweep-coordinator",
    by: ({ spec }) => {
      spec.ingress[0].from[0].podSelector.matchLabel = {};
    },
    found: /matchLabel.*does not exist/,
  },
  {
    what: "a wrong type",
    in: "Deployment/phasesweep-worker",
    by: ({ spec }) => {
      spec.template.spec.terminationGracePeriodSeconds = "120";
    },
    found: /Type 'string' is not assignable to type 'number'/,
  },
  {
    what: "a value that is none of those there are",
    in: "StatefulSet/phasesweep-coordinator",
    by: (object) => {
      object["apiVersion"] = "apps/v2";
    },
    found: /apps\/v2/,
  },
  {
    what: "a required field that is missing",
    in: "PodDisruptionBudget/phasesweep-worker",
    by: ({ spec }) => {
      delete spec.selector.matchLabels;
      spec.selector.matchExpressions = [{ key: "app.kubernetes.io/component", values: ["worker"] }];
    },
    found: /'"operator"' is missing/,
  },
  {
    what: "a service that nothing answers",
    in: "Service/phasesweep-coordinator",
    by: ({ spec }) => {
      spec.selector["app.kubernetes.io/component"] = "coordinatr";
    },
    found: /Service\/phasesweep-coordinator selects nothing/,
  },
  {
    what: "a port that no pod has",
    in: "NetworkPolicy/phasesweep-worker",
    by: ({ spec }) => {
      spec.egress[0].ports[0].port = "grcp";
    },
    found: /no pod of it has port grcp/,
  },
  {
    what: "a probe of a port that no container has",
    in: "StatefulSet/phasesweep-coordinator",
    by: ({ spec }) => {
      spec.template.spec.containers[0].livenessProbe.httpGet.port = "htpp";
    },
    found: /livenessProbe asks port htpp, where nothing answers/,
  },
  {
    what: "a pod that runs as root",
    in: "Deployment/phasesweep-worker",
    by: ({ spec }) => {
      spec.template.spec.securityContext.runAsNonRoot = false;
    },
    found: /runs as root/,
  },
  {
    what: "a cache in a place that is read-only",
    in: "Deployment/phasesweep-worker",
    by: ({ spec }) => {
      spec.template.spec.containers[0].volumeMounts.splice(1, 1);
    },
    found: /cannot write to XDG_CACHE_HOME/,
  },
  {
    what: "more coordinators than workers know of",
    in: "StatefulSet/phasesweep-coordinator",
    by: ({ spec }) => {
      spec.replicas = 3;
    },
    found: /coordinators are at .*coordinator-2/,
  },
  {
    what: "an autoscaler that counts in other slots than a pod has",
    in: "Deployment/phasesweep-worker",
    by: ({ spec }) => {
      spec.template.spec.containers[0].resources.limits.cpu = "8";
    },
    found: /a pod has 8 slots, not 4/,
  },
];

test("mistakes are found", () => {
  const objects = rendered("autoscaling");
  const broken = MISTAKES.map((mistake) => {
    const changed = structuredClone(objects);
    mistake.by(changed.find((object) => nameOf(object) === mistake.in)!);
    return { mistake, changed };
  });
  // The compiler is asked once for all of them.
  const all = broken.map(
    ({ mistake, changed }) =>
      changed.find(({ kind, metadata }) => `${kind}/${metadata.name}` === mistake.in)!,
  );
  const misfits = schemaProblems(all.filter(({ apiVersion }) => apiVersion !== "apps/v2"));
  const unknown = schemaProblems(all.filter(({ apiVersion }) => apiVersion === "apps/v2"));
  for (const { mistake, changed } of broken) {
    const found = [...misfits, ...unknown, ...podProblems(changed), ...referenceProblems(changed)];
    expect(found.join("\n"), mistake.what).toMatch(mistake.found);
  }
});
