/** What the holder of a token may do. */
export const ROLES = ["read", "submit", "work"] as const;

export type Role = (typeof ROLES)[number];

/** Roles that a role has besides itself: whoever submits a sweep may look at it. */
const INCLUDED: Readonly<Record<Role, readonly Role[]>> = {
  read: [],
  submit: ["read"],
  work: [],
};

/** Whether a holder of `role` may do what asks for `needed`. */
export function includesRole(role: Role, needed: Role): boolean {
  return role === needed || INCLUDED[role].includes(needed);
}

const SERVICE = "/phasesweep.v1.Coordinator/";

/** The role that each method of the coordinator asks for. */
const METHOD_ROLES: Readonly<Record<string, Role>> = {
  GetStatus: "read",
  Watch: "read",
  FindDatasets: "read",
  Submit: "submit",
  Control: "submit",
  SendDataset: "submit",
  Session: "work",
  SendPart: "work",
  SendSmallParts: "work",
  GetPlan: "work",
  GetDataset: "work",
  ReportDeath: "work",
};

/** Services that say nothing of sweeps: a certificate of the fleet is enough for them. */
const OPEN_SERVICES = [
  "/grpc.health.v1.Health/",
  "/grpc.reflection.v1.ServerReflection/",
  "/grpc.reflection.v1alpha.ServerReflection/",
];

/**
 * The role that a call by its path ("/phasesweep.v1.Coordinator/Submit") asks for; null: none;
 * undefined: nobody may call it.
 */
export function roleNeeded(path: string): Role | null | undefined {
  if (OPEN_SERVICES.some((service) => path.startsWith(service))) return null;
  const method = path.startsWith(SERVICE) ? path.slice(SERVICE.length) : "";
  return Object.hasOwn(METHOD_ROLES, method) ? METHOD_ROLES[method] : undefined;
}
