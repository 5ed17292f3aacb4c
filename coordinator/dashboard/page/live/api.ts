import type {
  CellDetail,
  Checked,
  ControlBody,
  Failure,
  Measures,
  Refusal,
  Submission,
  SubmitBody,
  SweepPlan,
  SweepSummary,
  WorkerDetail,
} from "../../messages.ts";
import type { Browser } from "./browser.ts";

/** A request that was refused, with the reason in the server's words. */
export class RefusedError extends Error {
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.name = "RefusedError";
    this.status = status;
  }
}

/** The requests of the page, as messages.ts has them. All throw RefusedError. */
export class Api {
  readonly #browser: Browser;

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  plan(sweep: string): Promise<SweepPlan> {
    return this.#get(`api/plan?${query({ sweep })}`);
  }

  /** A byte a cell, and the version of the plan that they belong to. */
  async cells(sweep: string): Promise<{ version: string; states: Uint8Array }> {
    const response = await this.#send(`api/cells?${query({ sweep })}`);
    const states = new Uint8Array(await response.arrayBuffer());
    return { version: response.headers.get("X-Plan-Version") ?? "", states };
  }

  measures(sweep: string, shape_group: string): Promise<Measures> {
    return this.#get(`api/measures?${query({ sweep, shape_group })}`);
  }

  cell(sweep: string, cell: number): Promise<CellDetail> {
    return this.#get(`api/cell?${query({ sweep, cell })}`);
  }

  failures(sweep: string): Promise<readonly Failure[]> {
    return this.#get(`api/failures?${query({ sweep })}`);
  }

  worker(worker: string): Promise<WorkerDetail> {
    return this.#get(`api/worker?${query({ worker })}`);
  }

  check(body: SubmitBody): Promise<Checked> {
    return this.#post("api/check", body);
  }

  submit(body: SubmitBody): Promise<Submission> {
    return this.#post("api/submit", body);
  }

  control(body: ControlBody): Promise<SweepSummary> {
    return this.#post("api/control", body);
  }

  async #get<T>(path: string): Promise<T> {
    const response = await this.#send(path);
    return (await response.json()) as T;
  }

  async #post<T>(path: string, body: object): Promise<T> {
    const response = await this.#send(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await response.json()) as T;
  }

  async #send(path: string, options?: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await this.#browser.fetch(path, options);
    } catch {
      throw new RefusedError(0, "the coordinator cannot be reached");
    }
    if (!response.ok) throw await refusalOf(response);
    return response;
  }
}

/** Where the report of a sweep is. */
export function reportPath(sweep: string): string {
  return `api/report?${query({ sweep })}`;
}

/** Routes answer with a Refusal; what refuses before them (a role, a size) with a line of text. */
export async function refusalOf(response: Response): Promise<RefusedError> {
  const text = (await response.text().catch(() => "")).trim();
  let reason = text;
  try {
    const { error } = JSON.parse(text) as Partial<Refusal>;
    if (typeof error === "string") reason = error;
  } catch {
    // It is the line of text.
  }
  return new RefusedError(response.status, reason || `status ${response.status}`);
}

/** What was thrown, for a reader. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

export function query(fields: Readonly<Record<string, string | number>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) search.set(name, String(value));
  return search.toString();
}
