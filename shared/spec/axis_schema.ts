import { z } from "zod";
import { AXIS_VALUE_MAX, AXIS_VALUE_MIN } from "../limits.ts";

/** An end of an axis: the ratio of two, and powers of two beyond them, must be doubles. */
export const axisEnd = z.number().min(AXIS_VALUE_MIN).max(AXIS_VALUE_MAX);

/** What every axis of numbers looks like in a sweep file. */
export const axisSchema = <End extends z.ZodType<number, number>>(end: End, pointsMax: number) =>
  z
    .strictObject({
      from: end.describe("Lowest value.").meta({ example: "from: 1" }),
      to: end.describe("Highest value, above `from`.").meta({ example: "to: 64" }),
      points: z
        .int()
        .min(2)
        .max(pointsMax)
        .describe(
          "How many values, both ends included. On a log axis there may be more, as its steps are those of the lattice.",
        )
        .meta({ example: "points: 129" }),
      scale: z
        .enum(["log", "linear"])
        .default("log")
        .describe(
          "log: even steps of log2, snapped to a lattice that finer and longer axes share (`plan` prints the values). linear: even steps, taken as they are.",
        )
        .meta({ example: "scale: log" }),
    })
    .describe("An axis of values.");

export type AxisEntry = z.infer<ReturnType<typeof axisSchema>>;
