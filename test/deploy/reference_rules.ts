import { type KubernetesObject, nameOf, podsOf } from "./objects.ts";

/** What one object says of another must be there: selectors, ports, config maps, addresses. */
export function referenceProblems(objects: readonly KubernetesObject[]): string[] {
  return [
    ...selectorProblems(objects),
    ...portProblems(objects),
    ...probeProblems(objects),
    ...configProblems(objects),
    ...autoscalerProblems(objects),
  ];
}

type Labels = Record<string, string>;

function matches({ matchLabels = {}, matchExpressions = [] }: KubernetesObject, labels: Labels) {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }: KubernetesObject) => values.includes(labels[key]))
  );
}

const labelsOf = (pod: KubernetesObject): Labels => pod["spec"].template.metadata.labels;

function selected(objects: readonly KubernetesObject[], selector: KubernetesObject) {
  return podsOf(objects).filter((pod) => matches(selector, labelsOf(pod)));
}

function selectorOf({ kind, spec }: KubernetesObject): KubernetesObject | undefined {
  if (kind === "Service") return { matchLabels: spec.selector };
  if (kind === "NetworkPolicy") return spec.podSelector;
  return kind === "PodDisruptionBudget" ? spec.selector : undefined;
}

function selectorProblems(objects: readonly KubernetesObject[]): string[] {
  const found: string[] = [];
  for (const pod of podsOf(objects)) {
    const { selector } = pod["spec"];
    if (!matches(selector, labelsOf(pod))) found.push(`${nameOf(pod)} does not select its pods`);
    if (selected(objects, selector).length !== 1) {
      found.push(`${nameOf(pod)} selects the pods of others`);
    }
  }
  for (const object of objects) {
    const selector = selectorOf(object);
    if (selector !== undefined && selected(objects, selector).length === 0) {
      found.push(`${nameOf(object)} selects nothing`);
    }
  }
  return found;
}

function hasPort(pods: readonly KubernetesObject[], port: string | number): boolean {
  return pods.some((pod) =>
    pod["spec"].template.spec.containers.some(({ ports = [] }: KubernetesObject) =>
      ports.some(
        ({ name, containerPort }: KubernetesObject) => name === port || containerPort === port,
      ),
    ),
  );
}

function portProblems(objects: readonly KubernetesObject[]): string[] {
  const found: string[] = [];
  const require = (
    object: KubernetesObject,
    pods: readonly KubernetesObject[],
    port: string | number,
  ) => {
    if (!hasPort(pods, port)) found.push(`${nameOf(object)}: no pod of it has port ${port}`);
  };
  for (const object of objects) {
    const { kind, spec } = object;
    if (kind === "Service") {
      for (const { targetPort } of spec.ports) {
        require(object, selected(objects, selectorOf(object)!), targetPort);
      }
    }
    if (kind !== "NetworkPolicy") continue;
    for (const { ports = [] } of spec.ingress ?? []) {
      const pods = selected(objects, spec.podSelector);
      for (const { port } of ports) require(object, pods, port);
    }
    for (const { to = [], ports = [] } of spec.egress ?? []) {
      const inside = to.filter(({ podSelector }: KubernetesObject) => podSelector !== undefined);
      for (const { podSelector } of inside) {
        for (const { port } of ports) require(object, selected(objects, podSelector), port);
      }
    }
  }
  return found;
}

const PROBES = ["startupProbe", "livenessProbe", "readinessProbe"];

/** Probes over HTTP ask a port of their container for what is answered there. */
function probeProblems(objects: readonly KubernetesObject[]): string[] {
  const found: string[] = [];
  for (const pod of podsOf(objects)) {
    for (const container of pod["spec"].template.spec.containers) {
      for (const probe of PROBES) {
        const { port, path, scheme } = container[probe]?.httpGet ?? {};
        if (port === undefined) continue;
        const own = container.ports.find(({ name }: KubernetesObject) => name === port);
        const place = `${nameOf(pod)}: ${probe}`;
        if (!container.args.includes(`--http=0.0.0.0:${own?.containerPort}`)) {
          found.push(`${place} asks port ${port}, where nothing answers`);
        }
        if (!/^\/(health|ready)z$/.test(path) || scheme !== "HTTPS") {
          found.push(`${place} asks for ${scheme} ${path}`);
        }
      }
    }
  }
  return found;
}

/** Config maps that are referred to exist, and coordinators are where workers look for them. */
function configProblems(objects: readonly KubernetesObject[]): string[] {
  const found: string[] = [];
  const maps = objects.filter(({ kind }) => kind === "ConfigMap");
  for (const pod of podsOf(objects)) {
    for (const { env = [] } of pod["spec"].template.spec.containers) {
      for (const { valueFrom } of env) {
        const wanted = valueFrom?.configMapKeyRef;
        if (wanted === undefined) continue;
        const map = maps.find(({ metadata }) => metadata.name === wanted.name);
        if (map?.["data"][wanted.key] === undefined) {
          found.push(`${nameOf(pod)}: no config map ${wanted.name} has ${wanted.key}`);
        }
      }
    }
  }
  const set = objects.find((object) => nameOf(object) === "StatefulSet/phasesweep-coordinator")!;
  const service = objects.find((object) => nameOf(object) === "Service/phasesweep-coordinator")!;
  const { replicas, serviceName } = set["spec"];
  const port = service["spec"].ports.find(({ name }: KubernetesObject) => name === "grpc").port;
  const addresses = Array.from(
    { length: replicas },
    (_, i) => `phasesweep-coordinator-${i}.${serviceName}:${port}`,
  );
  for (const { data, metadata } of maps) {
    if (data.coordinator !== addresses.join(",")) {
      found.push(`ConfigMap/${metadata.name}: coordinators are at ${addresses.join(",")}`);
    }
  }
  return found;
}

/** An autoscaler has its target to itself, and counts in its slots. */
function autoscalerProblems(objects: readonly KubernetesObject[]): string[] {
  const found: string[] = [];
  for (const object of objects.filter(({ kind }) => kind === "HorizontalPodAutoscaler")) {
    const { scaleTargetRef, metrics } = object["spec"];
    const target = objects.find(
      (each) => nameOf(each) === `${scaleTargetRef.kind}/${scaleTargetRef.name}`,
    );
    if (target === undefined) {
      found.push(`${nameOf(object)} scales nothing`);
      continue;
    }
    if (target["spec"].replicas !== undefined) found.push(`${nameOf(target)} fixes its replicas`);
    const [{ resources }] = target["spec"].template.spec.containers;
    const slots = metrics[0].external.target.averageValue;
    if (slots !== resources.limits.cpu) {
      found.push(`${nameOf(object)}: a pod has ${resources.limits.cpu} slots, not ${slots}`);
    }
  }
  return found;
}
