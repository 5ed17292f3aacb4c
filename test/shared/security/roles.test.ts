import { expect, test } from "vitest";
import { coordinatorService } from "../../../shared/rpc.ts";
import { includesRole, ROLES, roleNeeded } from "../../../shared/security/roles.ts";

test("every method of the coordinator asks for a role, and nothing else is open", () => {
  const paths = Object.values(coordinatorService).map(({ path }) => path);
  expect(paths.length).toBeGreaterThan(10);
  for (const path of paths) expect(ROLES).toContain(roleNeeded(path));
  expect(roleNeeded("/grpc.health.v1.Health/Check")).toBeNull();
  for (const path of [
    "",
    "/",
    "/phasesweep.v1.Coordinator/",
    "/phasesweep.v1.Coordinator/toString",
    "/other/Submit",
  ]) {
    expect(roleNeeded(path)).toBeUndefined();
  }
});

test("whoever submits may look, and nobody else has two roles", () => {
  const pairs = ROLES.flatMap((role) => ROLES.map((needed) => [role, needed] as const));
  const allowed = pairs.filter(([role, needed]) => role !== needed && includesRole(role, needed));
  expect(allowed).toEqual([["submit", "read"]]);
});
