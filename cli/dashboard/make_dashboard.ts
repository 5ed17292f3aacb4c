import { hostname } from "node:os";
import { Dashboard } from "../../coordinator/dashboard/dashboard.ts";
import { systemClock } from "../../shared/clock.ts";
import { CurveThreads } from "./curve_threads.ts";
import { makeReport } from "./make_report.ts";
import { pageSweeps } from "./page_sweeps.ts";

/** The dashboard of this process. `results`: the folder of all sweeps, where some may be submitted. */
export function makeDashboard(results: string | undefined): Dashboard {
  return new Dashboard({
    curves: new CurveThreads(),
    ...{ clock: systemClock, host: hostname(), makeReport },
    ...(results === undefined ? {} : { reader: pageSweeps(results, systemClock) }),
  });
}
