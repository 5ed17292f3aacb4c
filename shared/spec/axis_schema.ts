import { z } from "zod";

/** What every axis of numbers looks like in a sweep file. */
export const axisSchema = <End extends z.ZodType<number, number>>(end: End, pointsMax: number) =>
  z.strictObject({
    from: end,
    to: end,
    points: z.int().min(2).max(pointsMax),
    scale: z.enum(["log", "linear"]).default("log"),
  });

export type AxisEntry = z.infer<ReturnType<typeof axisSchema>>;
