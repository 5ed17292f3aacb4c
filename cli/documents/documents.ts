import { z } from "zod";
import { sweepFileSchema, sweepJsonSchema } from "../../shared/spec/schema.ts";
import { analyzeDocument, runDocument } from "./analysis_documents.ts";
import {
  certsDocument,
  dashboardDocument,
  doctorDocument,
  healthDocument,
  progressDocument,
  serveDocument,
  slurmDocument,
  submitDocument,
  watchDocument,
  workerDocument,
} from "./fleet_documents.ts";
import { planDocument } from "./plan_document.ts";
import {
  initDocument,
  locateDocument,
  phiDocument,
  queryDocument,
  reportDocument,
  reproduceDocument,
  theoryDocument,
  traceDocument,
} from "./results_documents.ts";
import { controlDocument, outcomesDocument, statusDocument } from "./status_documents.ts";

const problem = z.strictObject({ place: z.string(), problem: z.string(), fix: z.string() });

const errorDocument = z
  .strictObject({ error: problem, errors: z.array(problem), exit_code: z.int() })
  .describe("What every command with --json prints in place of its document when it fails.");

/** What the commands print with --json, by the name of the command. */
export const DOCUMENTS = {
  init: initDocument,
  doctor: doctorDocument,
  run: runDocument,
  plan: planDocument,
  analyze: analyzeDocument,
  query: queryDocument,
  report: reportDocument,
  reproduce: reproduceDocument,
  zoom: sweepFileSchema,
  theory: theoryDocument,
  phi: phiDocument,
  trace: traceDocument,
  locate: locateDocument,
  serve: serveDocument,
  worker: workerDocument,
  submit: submitDocument,
  watch: watchDocument,
  dashboard: dashboardDocument,
  pause: controlDocument,
  resume: controlDocument,
  cancel: controlDocument,
  prioritize: controlDocument,
  status: statusDocument,
  health: healthDocument,
  certs: certsDocument,
  slurm: slurmDocument,
  outcomes: outcomesDocument,
  error: errorDocument,
  progress: progressDocument,
} as const satisfies Record<string, z.ZodType>;

type DocumentName = keyof typeof DOCUMENTS;

export const SCHEMA_NAMES = ["sweep", ...(Object.keys(DOCUMENTS) as DocumentName[])] as const;
export type SchemaName = (typeof SCHEMA_NAMES)[number];

/** The JSON Schema (draft 2020-12) of sweep files, or of what a command prints with --json. */
export function schemaOf(name: SchemaName): object {
  return name === "sweep" ? sweepJsonSchema() : z.toJSONSchema(DOCUMENTS[name], { io: "input" });
}
