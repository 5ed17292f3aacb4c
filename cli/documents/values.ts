import { z } from "zod";

/** What the documents of several commands are made of. */

export const count = z.int().nonnegative();

export const share = z.number().min(0).max(1);

/** JSON lacks these numbers. */
export const number = z.union([z.number(), z.enum(["Infinity", "-Infinity", "NaN"])]);

export const phaseCounts = z
  .strictObject({ lazy: count, catapult: count, divergent: count, unsettled: count })
  .describe("Cells of each phase.");

export const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("sha256 of results.parquet.");

/** One of it, and a list where several sweep files or folders were given. */
export const oneOrList = <T extends z.ZodType>(document: T) =>
  z.union([document, z.array(document)]);
