import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpAnswer, HttpStream } from "./http_route.ts";

/** Beside what an answer says itself: nothing here is to be kept, framed, guessed at or extended. */
const HEADERS = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
};

/** Why something is not answered, for people or as JSON. */
export function failure(
  status: number,
  problem: string,
  { json = false }: { readonly json?: boolean | undefined } = {},
): HttpAnswer {
  return json
    ? { status, content_type: "application/json", body: JSON.stringify({ error: problem }) }
    : { status, content_type: "text/plain; charset=utf-8", body: `${problem}\n` };
}

export function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  const bytes = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  response.writeHead(answer.status, {
    "Content-Type": answer.content_type,
    "Content-Length": bytes.length,
    ...HEADERS,
    ...answer.headers,
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

/** Begins an answer without an end, unless its reader is gone already. */
export function stream(
  request: IncomingMessage,
  response: ServerResponse,
  answer: HttpStream,
): void {
  response.writeHead(200, { "Content-Type": answer.content_type, ...HEADERS });
  if (request.method === "HEAD" || response.destroyed) {
    response.end();
    return;
  }
  response.flushHeaders();
  // It is silent for as long as nothing happens, and beats in between are its own affair.
  const stop = answer.start({
    // What is written after its end would be an error that nobody hears of.
    send: (text) => response.writable && !response.writableEnded && response.write(text),
    drained: () =>
      new Promise((resolve) => {
        const settle = () => {
          response.off("drain", settle);
          response.off("close", settle);
          resolve();
        };
        response.once("drain", settle);
        response.once("close", settle);
        if (!response.writableNeedDrain || response.destroyed) settle();
      }),
    end: () => response.end(),
  });
  response.once("close", stop);
}
