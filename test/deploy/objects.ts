import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { packageRoot } from "../../shared/package_info.ts";

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind, whose types are checked elsewhere
export type KubernetesObject = Record<string, any>;

export const OVERLAYS = ["embedded", "postgres", "gpu", "autoscaling", "trial"] as const;

/** Kustomize 4 and later know components and labels; kubectl has that since 1.21. */
const MINOR_MIN = 21;

/** Why nothing can be rendered here, or undefined. */
export function kustomizeProblem(): string | undefined {
  const { stdout, error } = spawnSync("kubectl", ["version", "--client", "--output=json"], {
    encoding: "utf8",
  });
  if (error !== undefined) return "kubectl is not installed";
  const minor = Number(/"minor": "(\d+)/.exec(stdout)?.[1] ?? 0);
  return minor >= MINOR_MIN ? undefined : `kubectl 1.${minor} is older than 1.${MINOR_MIN}`;
}

/** The objects that an overlay stands for. */
export function rendered(overlay: string): KubernetesObject[] {
  const folder = join(packageRoot, "deploy/kubernetes/overlays", overlay);
  const { status, stdout, stderr } = spawnSync("kubectl", ["kustomize", folder], {
    encoding: "utf8",
  });
  // A warning is of something that the next kustomize may refuse.
  if (status !== 0 || stderr !== "") throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject);
}

/** "StatefulSet/phasesweep-coordinator" */
export function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata?.name}`;
}

/** The templates of the pods that objects make. */
export function podsOf(objects: readonly KubernetesObject[]): KubernetesObject[] {
  return objects.filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet");
}
