import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { isLocalName, isOwnPage, NOT_CALLED_SO } from "../../shared/http/answer_request.ts";
import { failure, send } from "../../shared/http/http_answer.ts";
import { HTTP_IDLE_MS_MAX } from "../../shared/limits.ts";
import { ENTRANCE_PATH, type Entrance } from "./entrance.ts";
import { type Listening, listenFor } from "./silence.ts";
import { NotAllowed, type Upstream } from "./upstream.ts";

/** What of a request is passed on, and of an answer: neither cookies nor what is about connections. */
const PASSED_ON = ["accept", "content-type", "content-length"] as const;
const PASSED_BACK = [
  "allow",
  "cache-control",
  "content-length",
  "content-security-policy",
  "content-type",
  "cross-origin-opener-policy",
  "cross-origin-resource-policy",
  "referrer-policy",
  "refresh",
  "x-content-type-options",
  "x-plan-version",
] as const;

/** A stream that is silent for so long is given up, even if nobody else leads. */
const STREAM_SILENCE_MS = 35_000;

/** The paths of the dashboard, and nothing else that a coordinator answers. */
const DASHBOARD_PATH = /^\/($|api\/[a-z]+$|assets\/[A-Za-z0-9._-]+$)/;

export interface GatewayOptions {
  readonly clock: Clock;
  readonly entrance: Entrance;
  /** Where the coordinator that leads is now. @throws Error where none does */
  readonly find: () => Promise<Upstream>;
}

/**
 * Passes what a browser asks on to the coordinator that leads, with credentials that the browser never
 * sees. When the coordinator goes, what it was answering breaks, and the next request finds the next.
 * One that stands still breaks nothing: when it is silent, it is asked who leads, and if another does,
 * what waits for this one is broken.
 */
export class Gateway {
  private readonly options: GatewayOptions;
  private upstream: Promise<Upstream> | undefined;
  /** All that there were: their streams may go on while another one is found. */
  private readonly known = new Set<Upstream>();

  constructor(options: GatewayOptions) {
    this.options = options;
  }

  readonly listener: RequestListener = (request, response) => {
    void this.answer(request, response);
  };

  close(): void {
    for (const upstream of this.known) upstream.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const [path = ""] = url.split("?", 1);
    const refuse = (status: number, problem: string) =>
      send(request, response, failure(status, problem, { json: path.startsWith("/api/") }));
    const isPost = method === "POST";
    if (!isPost && request.headers["content-length"] !== undefined) {
      response.shouldKeepAlive = false;
    }
    const { entrance } = this.options;
    if (!isLocalName(request)) {
      refuse(421, NOT_CALLED_SO);
    } else if (!isPost && method !== "GET" && method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD, POST");
      refuse(405, "only GET, HEAD and POST are answered");
    } else if (path.startsWith(ENTRANCE_PATH)) {
      // Whoever only looks whether something is there is not let in, nor is the ticket used up.
      const cookie = method === "GET" ? entrance.admit(path) : undefined;
      if (cookie === undefined) refuse(403, LOCKED);
      else {
        response.writeHead(303, {
          Location: "/",
          "Set-Cookie": cookie,
          "Cache-Control": "no-store",
        });
        response.end();
      }
    } else if (!entrance.knows(request)) {
      refuse(403, LOCKED);
    } else if (isPost && !isOwnPage(request)) {
      refuse(403, "changes are taken as application/json, and from no other site's page");
    } else if (!DASHBOARD_PATH.test(path)) {
      refuse(404, "there is a dashboard at /");
    } else {
      await this.passOn(request, response, refuse);
    }
  }

  private async passOn(
    request: IncomingMessage,
    response: ServerResponse,
    refuse: (status: number, problem: string) => void,
  ): Promise<void> {
    // One that stands by says so, and one that is gone does not answer: both times it is another now.
    // What changes something is sent once, as nobody knows what became of it.
    const tries = request.method === "POST" ? 1 : 2;
    for (let left = tries - 1; ; left--) {
      let listening: Listening | undefined;
      try {
        const upstream = await this.found();
        listening = listenFor(this.options.clock, () => this.askWhoLeads(upstream));
        const answer = await ask(upstream, request, response);
        if (answer === undefined) {
          listening.end();
          return;
        }
        if (answer.statusCode === 503) {
          this.forget();
          if (left > 0) {
            listening.end();
            answer.resume();
            continue;
          }
        }
        // The next request looks for whoever leads then, and does not wait for one that is gone.
        passBack(answer, response, { listening, streamEnded: () => this.forget() });
        return;
      } catch (error) {
        listening?.end();
        this.forget();
        const isRefused = error instanceof NotAllowed;
        if (left > 0 && !isRefused) continue;
        if (!response.headersSent) refuse(isRefused ? 401 : 503, messageOf(error));
        return;
      }
    }
  }

  private found(): Promise<Upstream> {
    if (this.upstream === undefined) {
      const finding = this.options.find();
      this.upstream = finding;
      finding.then(
        (upstream) => this.known.add(upstream),
        () => {
          if (this.upstream === finding) this.upstream = undefined;
        },
      );
    }
    return this.upstream;
  }

  private forget(): void {
    this.upstream = undefined;
  }

  /** Leaves a coordinator, and what is asked of it, if another one leads by now. */
  private async askWhoLeads(silent: Upstream): Promise<void> {
    let leader: Upstream;
    try {
      leader = await this.options.find();
    } catch {
      // Nobody leads, as far as can be seen: there is nothing better to wait for.
      return;
    }
    if (leader.address === silent.address) {
      leader.close();
      return;
    }
    this.known.add(leader);
    this.upstream = Promise.resolve(leader);
    silent.close();
  }
}

const LOCKED =
  "this is somebody's dashboard; `phasesweep dashboard` prints an address that opens it, in one browser";

/** Sends a request on; the answer, once its head is there, or undefined if nobody waits any more. */
function ask(
  upstream: Upstream,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<IncomingMessage | undefined> {
  const headers: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  if (request.method !== "POST") delete headers["content-length"];
  const sent = upstream.send(request.method!, request.url!, headers);
  const leave = () => sent.destroy();
  response.once("close", leave);
  sent.setTimeout(HTTP_IDLE_MS_MAX, () => sent.destroy(new Error("nothing came from there")));
  return new Promise((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", (error) => {
      response.off("close", leave);
      if (response.destroyed) resolve(undefined);
      else reject(new Error(`${upstream.address}: ${messageOf(error)}`));
    });
    if (request.method === "POST") pipeline(request, sent, () => {});
    else sent.end();
  });
}

function passBack(
  answer: IncomingMessage,
  response: ServerResponse,
  { listening, streamEnded }: { readonly listening: Listening; readonly streamEnded: () => void },
): void {
  const isStream = answer.headers["content-type"] === "text/event-stream";
  if (isStream) answer.socket.setTimeout(STREAM_SILENCE_MS);
  for (const name of PASSED_BACK) {
    const value = answer.headers[name];
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(answer.statusCode!);
  response.flushHeaders();
  listening.heard();
  answer.on("data", listening.heard);
  // A stream that breaks there breaks here: its reader is to begin anew.
  pipeline(answer, response, () => {
    listening.end();
    if (isStream) streamEnded();
  });
}
