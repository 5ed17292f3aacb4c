import type { Clock } from "../../shared/clock.ts";
import { UsageError } from "../../shared/errors.ts";
import type {
  HttpAnswer,
  HttpRequest,
  HttpRoute,
  HttpStream,
} from "../../shared/http/http_route.ts";
import { answerJson, NotFound, refusal, refusalOf } from "./api_answers.ts";
import { noSweepText } from "./changes.ts";
import { pageRoutes } from "./page_files.ts";
import type { Reports } from "./reports.ts";
import type { Term } from "./term.ts";

export interface RouteSource {
  /** Undefined while no coordinator leads in this process. */
  readonly term: () => Term | undefined;
  /** Who leads then, in words. */
  readonly whoLeads: () => string;
  readonly reports: Reports;
  readonly clock: Clock;
}

type Answering = (
  term: Term,
  request: HttpRequest,
) => HttpAnswer | HttpStream | Promise<HttpAnswer | HttpStream>;

/** The page and every path of messages.ts. */
export function dashboardRoutes({ term, whoLeads, reports, clock }: RouteSource): HttpRoute[] {
  const answering =
    (answer: Answering): HttpRoute["answer"] =>
    async (request) => {
      const now = term();
      if (now === undefined) {
        return refusal(503, `this coordinator stands by; ${whoLeads()}`);
      }
      try {
        return await answer(now, request);
      } catch (error) {
        return refusalOf(error);
      }
    };
  const get = (path: string, answer: Answering): HttpRoute => ({
    ...{ path, json: true, answer: answering(answer) },
  });
  const post = (path: string, answer: Answering): HttpRoute => ({
    ...{ path, method: "POST", role: "submit", json: true, answer: answering(answer) },
  });
  return [
    ...pageRoutes(),
    get("/api/stream", ({ streams }, request) => streams.open(request)),
    get("/api/plan", async (now, request) =>
      answerJson(await now.views.plan(sweepOf(now, request))),
    ),
    get("/api/cells", async (now, request) => {
      const { version, states } = await now.views.cells(sweepOf(now, request));
      return {
        ...{ status: 200, content_type: "application/octet-stream", body: states },
        headers: { "X-Plan-Version": version },
      };
    }),
    get("/api/measures", async (now, request) => {
      const sweep = sweepOf(now, request);
      return answerJson(await now.views.measures(sweep, required(request, "shape_group")));
    }),
    get("/api/cell", async (now, request) => {
      const sweep = sweepOf(now, request);
      return answerJson(await now.views.cell(sweep, wholeNumber(request, "cell")));
    }),
    get("/api/failures", (now, request) => answerJson(now.views.failures(sweepOf(now, request)))),
    get("/api/worker", ({ fleet }, request) => {
      const name = required(request, "worker");
      const detail = fleet.detail(name, clock.nowMs());
      if (detail === undefined) throw new NotFound(`no worker '${name}' here; it may have left`);
      return answerJson(detail);
    }),
    get("/api/report", (now, request) => {
      const { state, resultsFolder } = now.coordinator.watch.status(sweepOf(now, request))!;
      if (state !== "done") {
        return refusal(409, `the sweep is ${state}: there is a report when it is done`);
      }
      return reports.answer(resultsFolder);
    }),
    post("/api/check", async ({ changes }, { body }) => answerJson(await changes.check(body))),
    post("/api/submit", async ({ changes }, { body }) => answerJson(await changes.submit(body))),
    post("/api/control", async ({ changes, sweeps, coordinator }, { body }) => {
      const sweep = await changes.control(body);
      const { watch } = coordinator;
      return answerJson(sweeps.summary(watch.status(sweep)!, watch));
    }),
  ];
}

/** @throws UsageError without the parameter */
function required({ query }: HttpRequest, name: string): string {
  const value = query.get(name);
  if (value !== null && value !== "") return value;
  const problem = `it has no ${name}`;
  throw new UsageError({ place: "the request", problem, fix: `add ?${name}=…` });
}

/** @throws UsageError, NotFound */
function sweepOf({ sweeps }: Term, request: HttpRequest): string {
  const name = required(request, "sweep");
  if (!sweeps.has(name)) throw new NotFound(noSweepText(name));
  return name;
}

/** @throws UsageError */
function wholeNumber(request: HttpRequest, name: string): number {
  const text = required(request, name);
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  const problem = `${name} is '${text}'`;
  throw new UsageError({ place: "the request", problem, fix: `give a whole number as ${name}` });
}
