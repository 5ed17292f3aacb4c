import { expect } from "vitest";
import type { ZodType } from "zod";
import { DOCUMENTS } from "../../cli/documents/documents.ts";

type Name = keyof typeof DOCUMENTS;

/** Holds what a command printed against the form that it promises. */
export function expectDocument(name: Name, document: unknown): void {
  const { error } = (DOCUMENTS[name] as ZodType).safeParse(document);
  expect(error?.issues ?? [], `${name}: ${JSON.stringify(document).slice(0, 300)}`).toEqual([]);
}

/** The document that a command printed, which has the form that it promises. */
export function documentOf(name: Name, text: string): ReturnType<typeof JSON.parse> {
  const document: unknown = JSON.parse(text);
  expectDocument(name, document);
  return document;
}
