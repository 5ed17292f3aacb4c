import { z } from "zod";
import { count, phaseCounts, sha256 } from "./values.ts";

const submitted = {
  sweep: z.string(),
  existing: z.boolean().describe("Whether the coordinator had this sweep already."),
  cells: count,
  cells_cached: count,
};

const end = { folder: z.string().describe("On the coordinator's machine."), sha256 };

export const submitDocument = z
  .union([z.strictObject(submitted), z.strictObject({ ...submitted, ...end })])
  .describe("With --watch the last of several lines; those before are of the form `progress`.");

export const watchDocument = z
  .strictObject({ sweep: z.string(), ...end })
  .describe("The last of several lines; those before are of the form `progress`.");

/** A line of `--progress json`, and of a sweep that is watched with --json. */
export const progressDocument = z.union([
  z.strictObject({
    progress: z.strictObject({
      sweep: z.string(),
      number: count.optional().describe("Which of several sweeps, from 1."),
      of: count.optional(),
      state: z.string(),
      cells: count,
      cells_done: count.describe("Committed, or trained and not handed in yet."),
      cells_per_second: z.number(),
      eta_ms: count.nullable(),
      elapsed_ms: count,
      phases: phaseCounts,
      trouble: z.string().describe("What holds it up, such as a full disk."),
    }),
  }),
  z.strictObject({ note: z.string() }),
]);

export const dashboardDocument = z.strictObject({
  url: z.string().describe("Opens the dashboard in one browser, once."),
});

export const healthDocument = z.strictObject({
  serving: z.boolean(),
  addresses: z.array(z.strictObject({ address: z.string(), status: z.string() })),
});

export const certsDocument = z.strictObject({
  action: z.enum(["made", "added", "renewed", "revoked"]),
  folder: z.string(),
  holders: z.array(z.strictObject({ name: z.string(), role: z.string(), folder: z.string() })),
  valid_days: count.nullable(),
});

export const slurmDocument = z.union([
  z.strictObject({ sweep: z.string(), cells: count, ...end }),
  z
    .strictObject({
      scripts: z.array(z.strictObject({ path: z.string(), text: z.string() })),
      commands: z.array(z.string()),
    })
    .describe("--dry-run"),
  z
    .strictObject({
      folder: z.string(),
      cancelled: z.array(z.strictObject({ job: z.string(), role: z.string(), state: z.string() })),
    })
    .describe("--cancel"),
]);

const ended = z.strictObject({
  ended: z.strictObject({ reason: z.string() }).describe("The last line, after a sound end."),
});

const http = z
  .string()
  .nullable()
  .describe("URL under which --http is served, with the port that it took; null without it.");

export const serveDocument = z
  .union([
    z.strictObject({
      listening: z
        .strictObject({
          address: z.string().describe("HOST:PORT, with the port that it took."),
          http,
          leads: z.boolean().describe("Whether it has the journal, or stands by for who has it."),
          results: z.string(),
        })
        .describe("When it begins to listen, and each time that it begins to lead or to stand by."),
    }),
    ended,
  ])
  .describe("A line of several; a failure is the last one, of the form `error`.");

export const workerDocument = z
  .union([
    z.strictObject({
      started: z.strictObject({
        worker: z.string().describe("Its processes have this name and a number."),
        coordinator: z.string(),
        http,
      }),
    }),
    ended,
  ])
  .describe("A line of several; a failure is the last one, of the form `error`.");

export type ServeEvent = z.infer<typeof serveDocument>;
export type WorkerEvent = z.infer<typeof workerDocument>;

export const doctorDocument = z.strictObject({
  phasesweep: z.string(),
  node: z.string(),
  platform: z.string(),
  cpu_slots: count,
  numeric_classes: z.array(z.string()),
  backends: z.array(
    z.strictObject({
      backend: z.string(),
      usable: z.boolean(),
      detail: z.string().describe("Its device, or why it cannot be used."),
      software: z.boolean().nullable().describe("Whether the device is software; null: none."),
      numeric_classes: z.array(z.string()),
      ever_run_on_the_real_library: z
        .boolean()
        .describe("Whether our code for it has met more than a stand-in."),
    }),
  ),
  checks: z.array(
    z.strictObject({
      check: z.string(),
      state: z.enum(["ok", "warning", "problem"]),
      found: z.string(),
      fix: z.string().nullable(),
      asked: z.boolean().describe("Whether an option names it."),
    }),
  ),
});
