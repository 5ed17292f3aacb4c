import { z } from "zod";
import { AXIS_VALUE_MAX, AXIS_VALUE_MIN } from "../limits.ts";

/** An end of an axis: the ratio of two, and powers of two beyond them, must be doubles. */
export const axisEnd = z.number().min(AXIS_VALUE_MIN).max(AXIS_VALUE_MAX);

/** What every axis of numbers looks like in a sweep file. */
export const axisSchema = <End extends z.ZodType<number, number>>(end: End, pointsMax: number) =>
  z.strictObject({
    from: end,
    to: end,
    points: z.int().min(2).max(pointsMax),
    scale: z.enum(["log", "linear"]).default("log"),
  });

export type AxisEntry = z.infer<ReturnType<typeof axisSchema>>;
