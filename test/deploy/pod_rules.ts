import { type KubernetesObject, nameOf, podsOf } from "./objects.ts";

/** What every pod must be, so that the namespace (pod security "restricted") and we accept it. */
export function podProblems(objects: readonly KubernetesObject[]): string[] {
  const found: string[] = [];
  for (const object of podsOf(objects)) {
    const { spec } = object["spec"].template;
    const require = (holds: boolean, what: string) => {
      if (!holds) found.push(`${nameOf(object)}: ${what}`);
    };
    const { securityContext = {} } = spec;
    require(securityContext.runAsNonRoot === true, "runs as root");
    require(securityContext.runAsUser > 0, "has no user");
    require(securityContext.seccompProfile?.type === "RuntimeDefault", "has no seccomp profile");
    require(spec.automountServiceAccountToken === false, "gets a token of the API server");
    require(spec.serviceAccountName === "phasesweep", "has another service account");
    require(spec.terminationGracePeriodSeconds >= 60, "has too little time to drain");
    for (const container of spec.containers) {
      const { securityContext: own = {}, resources = {}, volumeMounts = [] } = container;
      require(own.readOnlyRootFilesystem === true, "can write to its image");
      require(own.allowPrivilegeEscalation === false, "can become root");
      require(own.capabilities?.drop?.includes("ALL") === true, "keeps capabilities");
      require(resources.requests?.cpu !== undefined, "requests no CPU");
      require(resources.requests?.memory !== undefined, "requests no memory");
      require(resources.limits?.memory !== undefined, "has no limit of memory");
      const volumes = [
        ...(spec.volumes ?? []),
        ...(object["spec"].volumeClaimTemplates ?? []).map(
          ({ metadata }: KubernetesObject) => metadata,
        ),
      ].map(({ name }) => name);
      for (const { name } of volumeMounts) require(volumes.includes(name), `lacks volume ${name}`);
      const places: string[] = volumeMounts.map(({ mountPath }: KubernetesObject) => mountPath);
      require(places.includes("/tmp"), "has nowhere for temporary files");
      for (const { name, value } of container.env ?? []) {
        if (/_HOME$|^HOME$/.test(name)) require(places.includes(value), `cannot write to ${name}`);
      }
    }
  }
  return found;
}
