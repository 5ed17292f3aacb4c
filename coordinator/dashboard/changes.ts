import { z } from "zod";
import { UsageError } from "../../shared/errors.ts";
import { PAGE_SWEEP_CHARS_MAX, PRIORITY_MAX } from "../../shared/limits.ts";
import { type Plan, serializePlan } from "../../shared/plan.ts";
import type { Coordinator } from "../coordinator.ts";
import { planProblem } from "../sweeps/submitted_plan.ts";
import { Conflict, NotFound } from "./api_answers.ts";
import type { Checked, ControlBody, Submission, SubmitBody } from "./messages.ts";

const priority = z.int().min(-PRIORITY_MAX).max(PRIORITY_MAX).exactOptional();
const SUBMIT: z.ZodType<SubmitBody> = z.strictObject({
  sweep_file: z
    .string()
    .max(
      PAGE_SWEEP_CHARS_MAX,
      `it has over ${PAGE_SWEEP_CHARS_MAX} characters (PAGE_SWEEP_CHARS_MAX)`,
    ),
  priority,
});
const CONTROL: z.ZodType<ControlBody> = z
  .strictObject({
    sweep: z.string(),
    control: z.enum(["running", "paused", "cancelled"]).exactOptional(),
    priority,
  })
  .refine((wish) => wish.control !== undefined || wish.priority !== undefined, {
    message: "neither control nor priority is given",
  });

/** Makes of the text of a sweep file what `phasesweep submit` would make of it; cli hands it in. */
export interface SweepReader {
  /** `workers`: whose numeric classes what is in float32 takes. @throws UsageError */
  read(text: string, workers: readonly WorkerClasses[]): Promise<Plan>;
  /** What would run, in words. */
  describe(plan: Plan): Promise<string>;
}

interface WorkerClasses {
  readonly connected: boolean;
  readonly numericClasses: readonly string[];
}

/** What pages change, by the rules of gRPC's Submit and Control and in their words. */
export class Changes {
  private readonly coordinator: Coordinator;
  private readonly reader: SweepReader | undefined;
  /** Why nothing is to be changed any more. */
  private frozen: string | undefined;

  /** Without a reader nothing can be submitted. */
  constructor(coordinator: Coordinator, reader: SweepReader | undefined) {
    this.coordinator = coordinator;
    this.reader = reader;
  }

  freeze(why: string): void {
    this.frozen = why;
  }

  /** @throws UsageError, Conflict */
  async check(body: Buffer): Promise<Checked> {
    const { plan, reader } = await this.planOf(parsed(SUBMIT, body).sweep_file);
    const { name: sweep, cells, groups } = plan;
    return { sweep, cells, groups: groups.length, text: await reader.describe(plan) };
  }

  /** @throws UsageError, Conflict */
  async submit(body: Buffer): Promise<Submission> {
    const { sweep_file, priority } = parsed(SUBMIT, body);
    const { plan } = await this.planOf(sweep_file);
    const plan_json = serializePlan(plan);
    const problem = planProblem(plan_json);
    if (problem !== undefined) {
      throw new UsageError({ place: plan.name, problem, fix: "mend it in the sweep file" });
    }
    const { sweep, existing, cellsCached, notes } = await this.coordinator
      .submit(plan_json, { priority })
      .catch(asConflict);
    return { sweep, existing, cells_cached: cellsCached, notes };
  }

  /** Resolves with the name of the sweep. @throws UsageError, NotFound, Conflict */
  async control(body: Buffer): Promise<string> {
    const { sweep, ...wish } = parsed(CONTROL, body);
    if (this.frozen !== undefined) throw new Conflict(this.frozen);
    if (this.coordinator.planJson(sweep) === undefined) throw new NotFound(noSweepText(sweep));
    await this.coordinator.control(sweep, wish).catch(asConflict);
    return sweep;
  }

  private async planOf(text: string): Promise<{ plan: Plan; reader: SweepReader }> {
    const { reader } = this;
    if (reader === undefined) {
      throw new Conflict(
        "`phasesweep run` has its sweep and takes no other; `phasesweep serve` starts a coordinator that does",
      );
    }
    return { plan: await reader.read(text, this.coordinator.watch.workers()), reader };
  }
}

function asConflict(error: unknown): never {
  throw error instanceof UsageError ? new Conflict(error.message) : error;
}

export function noSweepText(sweep: string): string {
  return `no sweep '${sweep}' here; \`phasesweep status\` lists those that are`;
}

/** @throws UsageError on a body of another form */
function parsed<T>(schema: z.ZodType<T>, body: Buffer): T {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    const problem = "it is no JSON";
    throw new UsageError({ place: "the request", problem, fix: "send what the page sends" });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UsageError({
    place: `the request, at ${issue!.path.join(".") || "its root"}`,
    problem: issue!.message,
    fix: "send what the page sends",
  });
}
