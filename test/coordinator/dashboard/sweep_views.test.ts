import { expect, test } from "vitest";
import { SweepViews } from "../../../coordinator/dashboard/sweep_views.ts";

test("views can be made before the coordinator is open", () => {
  expect(new SweepViews({} as never).observer).toEqual({});
});
