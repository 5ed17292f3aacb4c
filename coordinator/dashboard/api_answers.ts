import { messageOf, UsageError } from "../../shared/errors.ts";
import type { HttpAnswer } from "../../shared/http/http_route.ts";
import { JournalLost } from "../journal/journal.ts";
import type { Refusal } from "./messages.ts";

export function answerJson(value: unknown): HttpAnswer {
  return { status: 200, content_type: "application/json", body: JSON.stringify(value) };
}

/** A refusal as messages.ts has it. */
export function refusal(status: number, error: string): HttpAnswer {
  const body = JSON.stringify({ error } satisfies Refusal);
  return { status, content_type: "application/json", body };
}

/** What is asked for is not there. */
export class NotFound extends Error {}

/** What is wanted is sound, and what is there does not allow it. */
export class Conflict extends Error {}

export function refusalOf(error: unknown): HttpAnswer {
  // Nothing was refused: whoever asked is to ask the next coordinator.
  if (error instanceof JournalLost) return refusal(503, messageOf(error));
  if (error instanceof NotFound) return refusal(404, messageOf(error));
  if (error instanceof Conflict) return refusal(409, messageOf(error));
  if (error instanceof UsageError) return refusal(400, messageOf(error));
  return refusal(500, messageOf(error));
}
