import type {
  CellDetail,
  ControlBody,
  Failure,
  Hello,
  LiveBoundaries,
  Measures,
  Note,
  StreamEvents,
  SubmitBody,
  SweepPlan,
  SweepSummary,
  WorkerSummary,
} from "../../../../coordinator/dashboard/messages.ts";
import { pageRoutes } from "../../../../coordinator/dashboard/page_files.ts";
import type {
  HttpAnswer,
  HttpRequest,
  HttpRoute,
  HttpStream,
} from "../../../../shared/http/http_route.ts";
import { type HttpServer, serveHttp } from "../../../../shared/http/http_server.ts";
import { totalsOf } from "./scripted_fleet.ts";

type Stream = Parameters<HttpStream["start"]>[0];

/** What the stand-in knows of a sweep. */
export interface ScriptedSweep {
  summary: SweepSummary;
  plan: SweepPlan;
  states: Uint8Array;
  boundaries: LiveBoundaries;
  failures: readonly Failure[];
  measures: (shape_group: string) => Measures;
  cell: (cell: number) => CellDetail;
}

/** How requests are answered: as they should be, or refused with a status and a reason. */
type Mode = "live" | { readonly status: number; readonly reason: string };

/** A server that says what a test wants of it, by the messages of the real one. */
export class StandIn {
  hello: Hello = {
    version: "0.0.0-test",
    may_submit: true,
    single_sweep: false,
    epoch: 1,
    host: "coordinator-1",
    now_ms: 0,
  };
  mode: Mode = "live";
  readonly sweeps = new Map<string, ScriptedSweep>();
  workers: WorkerSummary[] = [];
  notes: Note[] = [];
  /** What a submitted sweep becomes; throws what is to be refused. */
  submitted: (body: SubmitBody) => ScriptedSweep = () => {
    throw new Error("this sweep file is not taken");
  };
  /** Paths with their queries, in the order in which they were asked for. */
  readonly asked: string[] = [];
  readonly #streams = new Map<Stream, { readonly sweep: string | null; readonly fleet: boolean }>();
  #server: HttpServer | undefined;

  async start(): Promise<string> {
    this.#server = await serveHttp({ host: "127.0.0.1", port: 0 }, this.#routes());
    return `http://${this.#server.address}/`;
  }

  async close(): Promise<void> {
    await this.#server!.close();
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Tells all pages that follow the topic. */
  tell<Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name]): void {
    const sweep = name === "cells" || name === "plan" || name === "boundaries";
    for (const [stream, topics] of this.#streams) {
      if (!sweep || topics.sweep === (data as { sweep: string }).sweep) send(stream, name, data);
    }
  }

  /** Cells become known, and the progress of their sweep with them. */
  fill(name: string, first: number, count: number, codeOf: (cell: number) => number): void {
    const scripted = this.sweeps.get(name)!;
    const runs: number[] = [];
    const phases = { ...scripted.summary.phases };
    let failed = scripted.summary.cells_failed;
    for (let cell = first; cell < first + count; cell++) {
      const code = codeOf(cell);
      scripted.states[cell] = code;
      const last = runs.length - 3;
      if (last >= 0 && runs[last + 2] === code) runs[last + 1]!++;
      else runs.push(cell, 1, code);
      if (code === 5) failed++;
      else phases[(["lazy", "catapult", "divergent", "unsettled"] as const)[code - 1]!]++;
    }
    this.tell("cells", { sweep: name, version: scripted.plan.version, runs });
    this.change(name, {
      phases,
      cells_failed: failed,
      cells_done: scripted.summary.cells_done + count,
    });
  }

  change(name: string, changed: Partial<SweepSummary>): void {
    const scripted = this.sweeps.get(name)!;
    scripted.summary = { ...scripted.summary, ...changed };
    this.tell("sweeps", [scripted.summary]);
  }

  /** Breaks all streams, with or without a word. */
  cut(reason?: string): void {
    for (const stream of this.#streams.keys()) {
      if (reason !== undefined) send(stream, "goodbye", { reason });
      stream.end();
    }
  }

  #routes(): HttpRoute[] {
    const get = (path: string, answer: (request: HttpRequest) => HttpAnswer | HttpStream) => ({
      path,
      answer: (request: HttpRequest) => {
        this.asked.push(`${path}?${request.query}`);
        return this.#answer(() => answer(request));
      },
    });
    const post = (path: string, answer: (body: never) => object): HttpRoute => ({
      ...get(path, ({ body }) => json(answer(JSON.parse(body.toString()) as never))),
      method: "POST",
      role: "submit",
    });
    const sweepOf = ({ query }: HttpRequest) => {
      const scripted = this.sweeps.get(query.get("sweep") ?? "");
      if (scripted === undefined) throw new Error(`there is no sweep ${query.get("sweep")}`);
      return scripted;
    };
    return [
      ...pageRoutes(),
      get("/api/stream", ({ query }) => this.#stream(query)),
      get("/api/plan", (request) => json(sweepOf(request).plan)),
      get("/api/cells", (request) => {
        const { states, plan } = sweepOf(request);
        const headers = { "X-Plan-Version": plan.version };
        return { status: 200, content_type: "application/octet-stream", body: states, headers };
      }),
      get("/api/measures", (request) =>
        json(sweepOf(request).measures(request.query.get("shape_group")!)),
      ),
      get("/api/cell", (request) => json(sweepOf(request).cell(Number(request.query.get("cell"))))),
      get("/api/failures", (request) => json(sweepOf(request).failures)),
      get("/api/worker", ({ query }) => json(this.#worker(query.get("worker")!))),
      get("/api/report", () => ({
        ...{ status: 200, content_type: "text/html", body: "<h1>The report</h1>" },
      })),
      post("/api/check", (body: SubmitBody) => {
        const { plan } = this.submitted(body);
        const { sweep, cells, groups } = plan;
        return { sweep, cells, groups: groups.length, text: `${sweep}: ${cells} cells would run` };
      }),
      post("/api/submit", (body: SubmitBody) => {
        const scripted = this.submitted(body);
        const { sweep } = scripted.plan;
        this.sweeps.set(sweep, scripted);
        this.tell("sweeps", [scripted.summary]);
        return { sweep, existing: false, cells_cached: 0, notes: [] };
      }),
      post("/api/control", ({ sweep, control, priority }: ControlBody) => {
        this.change(sweep, {
          ...(control === undefined ? {} : { state: control }),
          ...(priority === undefined ? {} : { priority }),
        });
        return this.sweeps.get(sweep)!.summary;
      }),
    ];
  }

  #answer(answer: () => HttpAnswer | HttpStream): HttpAnswer | HttpStream {
    if (this.mode !== "live") return json({ error: this.mode.reason }, this.mode.status);
    try {
      return answer();
    } catch (error) {
      return json({ error: (error as Error).message }, 400);
    }
  }

  #stream(query: URLSearchParams): HttpStream {
    return {
      content_type: "text/event-stream",
      start: (stream) => {
        const topics = { sweep: query.get("sweep"), fleet: query.get("fleet") === "1" };
        this.#streams.set(stream, topics);
        send(stream, "hello", this.hello);
        const newest = [...this.sweeps.values()].map(({ summary }) => summary).reverse();
        send(stream, "sweeps", newest);
        const watched = topics.sweep === null ? undefined : this.sweeps.get(topics.sweep);
        if (watched !== undefined) send(stream, "boundaries", watched.boundaries);
        const workers = topics.fleet ? this.workers : [];
        send(stream, "fleet", { totals: totalsOf(this.workers), workers, left: [] });
        send(stream, "notes", this.notes);
        return () => void this.#streams.delete(stream);
      },
    };
  }

  #worker(name: string) {
    const worker = this.workers.find((each) => each.worker === name);
    if (worker === undefined) throw new Error(`there is no worker ${name}`);
    const [sweep = "none"] = this.sweeps.keys();
    const lease = { sweep, first_cell: 0, cells: 400, cells_done: 100, left_ms: 9000 };
    const held = [{ ...lease, lease: "1", has_twin: true }];
    return { ...worker, kernel_versions: [3], held: worker.leases > 0 ? held : [] };
  }
}

function send(stream: Stream, name: keyof StreamEvents, data: unknown): void {
  stream.send(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

function json(body: object, status = 200): HttpAnswer {
  return { status, content_type: "application/json", body: JSON.stringify(body) };
}
