import { expect, test } from "vitest";
import { Dashboard } from "../../../coordinator/dashboard/dashboard.ts";
import type { HttpAnswer } from "../../../shared/http/http_route.ts";
import { HandClock } from "../../hand_clock.ts";

test("one that stands by has the page, and says of everything else who leads", async () => {
  const clock = new HandClock();
  const dashboard = new Dashboard({ clock, host: "h", makeReport: () => Promise.resolve() });
  dashboard.leaderIs("the active one is at node2:7070");
  const request = {
    query: new URLSearchParams("sweep=s"),
    body: Buffer.from("{}"),
    may: () => true,
  };
  const open = dashboard.routes.filter((route) => route.open === true);
  expect(open.map(({ path }) => path)).toContain("/");
  const api = dashboard.routes.filter((route) => route.open !== true);
  expect(api.map(({ path }) => path).sort()).toEqual([
    ...["/api/cell", "/api/cells", "/api/check", "/api/control", "/api/failures", "/api/measures"],
    ...["/api/plan", "/api/report", "/api/stream", "/api/submit", "/api/worker"],
  ]);
  for (const route of api) {
    const answer = (await route.answer(request)) as HttpAnswer;
    expect(answer, route.path).toMatchObject({
      status: 503,
      body: '{"error":"this coordinator stands by; the active one is at node2:7070"}',
    });
    // What changes something is not for everybody who may read.
    expect(route.role ?? "read", route.path).toBe(route.method === "POST" ? "submit" : "read");
  }
});
