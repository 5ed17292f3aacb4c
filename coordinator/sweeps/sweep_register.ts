import type { Clock } from "../../shared/clock.ts";
import { messageOf, UsageError } from "../../shared/errors.ts";
import { PRIORITY_MAX, SWEEPS_MAX } from "../../shared/limits.ts";
import {
  datasetReferences,
  type Plan,
  parsePlan,
  planDigest,
  serializePlan,
} from "../../shared/plan.ts";
import { size, subtract, union } from "../../shared/ranges.ts";
import { type Commit, type Journal, type JournaledSweep, JournalLost } from "../journal/journal.ts";
import type { Observer } from "../observer.ts";
import type { PartsInHand } from "../parts_in_hand.ts";
import type { SweepPlans } from "../results/merge.ts";
import { removeOrphans } from "../results/remove_orphans.ts";
import { commitOfCopy } from "../reuse/take_over.ts";
import type { SweepControl, UntimedEvent } from "../state/events.ts";
import type { State } from "../state/state.ts";
import { mayBeGiven } from "../state/transitions.ts";
import type { NextRound, Storage } from "../storage.ts";
import { missingDatasets, requireDatasets } from "./required_datasets.ts";
import type { SweepFacts } from "./sweep_facts.ts";

/** What somebody wants of a sweep; what is not given stays as it is. */
export interface Wish {
  readonly control?: SweepControl;
  readonly priority?: number;
}

export interface SubmitOptions {
  readonly priority?: number | undefined;
  /** Cells that a finished sweep lacks are tried again. */
  readonly retry_failed?: boolean;
}

export interface Submitted {
  readonly sweep: string;
  /** The sweep was there already. */
  readonly existing: boolean;
  /** Cells that were taken over from earlier sweeps just now. */
  readonly cellsCached: number;
  /** Files that could not be used for that, with the reasons. */
  readonly notes: readonly string[];
}

/** A sweep's plans as they travel; `work_json` is null where the work plan is the plan. */
interface PlanTexts {
  readonly plan_json: string;
  readonly work_json: string | null;
  readonly digest: string;
}

export interface SweepRegisterOptions {
  readonly storage: Storage;
  /** The storage belongs to one sweep, as in `run`. */
  readonly singleSweep: boolean;
  readonly clock: Clock;
  readonly facts: SweepFacts;
  readonly parts: PartsInHand;
  readonly state: () => State;
  readonly dispatch: (event: UntimedEvent) => void;
  readonly observer: Observer;
}

/** The sweeps of a coordinator from their submission to their merged files, as the journal has them. */
export class SweepRegister {
  private readonly options: SweepRegisterOptions;
  private readonly storage: Storage;
  private readonly journal: Journal;
  private readonly plans = new Map<string, PlanTexts>();
  private readonly copied = new Map<string, number>();
  private readonly merges = new Set<Promise<void>>();
  private submitting: Promise<unknown> = Promise.resolve();
  private controlling: Promise<unknown> = Promise.resolve();
  private tidying: Promise<void> = Promise.resolve();

  constructor(options: SweepRegisterOptions) {
    this.options = options;
    this.storage = options.storage;
    this.journal = options.storage.journal;
  }

  /** Takes up what the journal knows. */
  async open(): Promise<void> {
    for (const row of await this.journal.sweeps()) {
      const { sweep, plan_json, work_json, plan_digest, merged } = row;
      this.plans.set(sweep, { plan_json, work_json, digest: plan_digest });
      if (merged === null) await this.storage.removeStale();
      await this.restore(row);
    }
    this.tidying = removeOrphans(this.storage).catch(() => {
      // What cannot be removed is looked at again at the next start.
    });
  }

  /**
   * Accepts a sweep, or finds the equal one that is there. Cells that earlier sweeps have are taken
   * over from them; in a folder for one sweep, the one that is there becomes an earlier one.
   * @throws UsageError if its name belongs to a different sweep.
   */
  submit(plan_json: string, options: SubmitOptions = {}): Promise<Submitted> {
    // One after another: between the look at what is there and the journal much may happen.
    const submitted = this.submitting.then(() => this.accept(plan_json, options));
    this.submitting = submitted.catch(() => {});
    return submitted;
  }

  private async accept(plan_json: string, options: SubmitOptions): Promise<Submitted> {
    const plan = parsePlan(plan_json);
    const sweep = plan.name;
    await requireDatasets(plan, this.storage.datasets);
    const known = this.plans.get(sweep);
    const { singleSweep, clock } = this.options;
    const failures = (await this.journaled(sweep))?.merged?.failures.length ?? 0;
    const again = options.retry_failed === true && singleSweep && failures > 0;
    if (known !== undefined && known.digest === planDigest(plan) && !again) {
      await this.takeUpAgain(sweep, options.priority);
      return { sweep, existing: true, cellsCached: 0, notes: [] };
    }
    if (known !== undefined && !singleSweep) {
      throw new UsageError({
        place: this.storage.place,
        problem: `this folder holds sweep '${sweep}', which is not the one in the sweep file`,
        fix: "give the sweep another name: cells that both have are not computed again",
      });
    }
    if (this.plans.size >= SWEEPS_MAX) {
      throw new UsageError({
        place: this.storage.place,
        problem: `there are ${SWEEPS_MAX} sweeps already (SWEEPS_MAX)`,
        fix: "start a coordinator on another folder",
      });
    }
    // A merge that is under way drops commits and removes parts when it ends.
    await Promise.allSettled(this.merges);
    const before = singleSweep ? ([...this.plans.keys()][0] ?? null) : null;
    const old = before === null ? [] : await this.journal.commits(before);
    if (before !== null) await this.storage.setAside(this.plansOf(before), old);
    const submitted_ms = clock.wallMs();
    const { commits, notes } = await this.enter(
      plan_json,
      before,
      options.priority ?? 0,
      submitted_ms,
    );
    if (before !== null) {
      if (before !== sweep) this.plans.delete(before);
      this.options.facts.forget(before);
      this.options.dispatch({ type: "sweep_removed", sweep: before });
      await this.storage.removeStale();
      await this.storage.removeParts(filesOf(old));
    }
    await this.restore((await this.journaled(sweep))!);
    if (singleSweep) await this.storage.datasets.keepOnly(digestsOf(plan));
    this.copied.delete(sweep);
    this.countCopied(sweep, commits);
    return { sweep, existing: false, cellsCached: this.cellsCopied(sweep), notes };
  }

  /** An equal sweep is submitted once more: whoever does that wants it to go on. */
  private async takeUpAgain(sweep: string, priority: number | undefined): Promise<void> {
    const { status } = this.options.state().sweeps.get(sweep)!;
    const wish = priority === undefined ? {} : { priority };
    if (status === "failed" || status === "cancelled") {
      await this.control(sweep, { ...wish, control: "running" });
    } else if (priority !== undefined) await this.control(sweep, wish);
  }

  /** Writes a sweep into the journal with all that earlier ones have of it, in place of another. */
  private async enter(
    plan_json: string,
    in_place_of: string | null,
    priority: number,
    submitted_ms: number,
  ): Promise<{ readonly commits: readonly Commit[]; readonly notes: readonly string[] }> {
    const plan = parsePlan(plan_json);
    const [sweep, plan_digest] = [plan.name, planDigest(plan)];
    const taken = await this.storage.takeOver(plan, () => this.options.parts.nextFile(sweep));
    const commits = taken.parts.map((part) => commitOfCopy(sweep, part, submitted_ms));
    const work_json = taken.work === plan ? null : serializePlan(taken.work);
    const texts = { plan_json, work_json, plan_digest };
    await this.journal.addSweep({ sweep, ...texts, priority, submitted_ms, commits, in_place_of });
    this.plans.set(sweep, { plan_json, work_json, digest: plan_digest });
    return { commits, notes: taken.notes };
  }

  /**
   * Pauses, resumes, cancels or prioritises a sweep, durably.
   * @throws UsageError if there is no such sweep, or its state does not allow it.
   */
  control(id: string, wish: Wish): Promise<void> {
    // One after another, so that the journal has the last word that the scheduler heard.
    const controlled = this.controlling.then(() => this.carryOut(id, wish));
    this.controlling = controlled.catch(() => {});
    return controlled;
  }

  private async carryOut(id: string, { control, priority }: Wish): Promise<void> {
    const sweep = this.options.state().sweeps.get(id);
    const place = `sweep ${id}`;
    if (sweep === undefined) {
      const fix = "`phasesweep status` lists those that are";
      throw new UsageError({ place, problem: "there is no such sweep here", fix });
    }
    const { status } = sweep;
    if (priority !== undefined && !(Math.abs(priority) <= PRIORITY_MAX)) {
      const problem = `priority ${priority} is outside −${PRIORITY_MAX} to ${PRIORITY_MAX} (PRIORITY_MAX)`;
      throw new UsageError({ place, problem, fix: "give one within these limits" });
    }
    if (control !== undefined && status !== control && !mayBeGiven(status, control)) {
      const problem = `it is ${status} and cannot become ${control}`;
      const fix = "`phasesweep status` shows the state of every sweep";
      throw new UsageError({ place, problem, fix });
    }
    const wish = {
      control: control ?? (await this.journaled(id))!.control,
      priority: priority ?? sweep.priority,
    };
    await this.journal.setControl(id, wish.control, wish.priority);
    this.options.dispatch({ type: "sweep_controlled", sweep: id, ...wish });
  }

  /** The plan in whose cells a sweep's shards are leased: the work plan. */
  planJson(sweep: string): string | undefined {
    const texts = this.plans.get(sweep);
    return texts?.work_json ?? texts?.plan_json;
  }

  merge(sweep: string): void {
    const { clock, observer } = this.options;
    const began_ms = clock.nowMs();
    const merged = (error?: string) => observer.merged?.(sweep, clock.nowMs() - began_ms, error);
    const merging = this.mergeCommits(sweep)
      .then(() => merged())
      .catch((error: unknown) => {
        merged(messageOf(error));
        // Then the sweep has not failed: the next coordinator merges it.
        if (error instanceof JournalLost) return;
        const problem = `the parts could not be merged: ${messageOf(error)}`;
        this.options.dispatch({ type: "merge_failed", sweep, error: problem });
      })
      .finally(() => this.merges.delete(merging));
    this.merges.add(merging);
  }

  private async mergeCommits(sweep: string): Promise<void> {
    const { failures } = this.options.state().sweeps.get(sweep)!;
    const commits = await this.journal.commits(sweep);
    const gone = new Set(await this.storage.missingParts(filesOf(commits)));
    if (gone.size > 0) {
      await this.journal.revoke(sweep, [...gone]);
      const lost = commits.filter(({ file }) => gone.has(file));
      const ranges = lost.flatMap(({ accepted }) => accepted);
      const progress = await this.journal.progress(sweep);
      this.options.dispatch({ type: "parts_gone", sweep, ranges, progress });
      return;
    }
    const without = failures.map(({ range }) => range);
    const extended = await this.storage.nextRound(this.plansOf(sweep), commits, without, () =>
      this.options.parts.nextFile(sweep),
    );
    if (extended !== undefined) {
      await this.extend(sweep, extended);
      return;
    }
    const { sha256 } = await this.storage.merge(this.plansOf(sweep), commits, without);
    const { phases, shards_committed } = this.options.state().sweeps.get(sweep)!;
    await this.journal.setMerged(sweep, { sha256, phases, shards_committed, failures });
    this.options.facts.merged(sweep, sha256);
    await this.options.parts.compared();
    await this.storage.removeParts(filesOf(commits));
    this.options.dispatch({ type: "sweep_merged", sweep });
  }

  /** A sweep goes on with the cells that its results so far call for. */
  private async extend(sweep: string, { plan, work, parts }: NextRound): Promise<void> {
    const plan_json = serializePlan(plan);
    const work_json = work === plan ? null : serializePlan(work);
    const now_ms = this.options.clock.wallMs();
    const commits = parts.map((part) => commitOfCopy(sweep, part, now_ms));
    this.countCopied(sweep, commits);
    await this.journal.extendSweep(sweep, plan_json, work_json, commits);
    this.plans.set(sweep, { ...this.plans.get(sweep)!, plan_json, work_json });
    const progress = await this.journal.progress(sweep);
    this.options.dispatch({ type: "sweep_extended", sweep, plan: work, progress });
  }

  /** Cells of a sweep that this process took over from earlier ones. */
  cellsCopied(sweep: string): number {
    return this.copied.get(sweep) ?? 0;
  }

  private countCopied(sweep: string, commits: readonly Commit[]): void {
    const cells = commits.reduce((sum, { accepted }) => sum + size(accepted), 0);
    this.copied.set(sweep, this.cellsCopied(sweep) + cells);
  }

  /** Resolves when nothing is being submitted or merged. */
  async idle(): Promise<void> {
    await this.submitting;
    await this.controlling;
    await Promise.allSettled(this.merges);
    await this.tidying;
  }

  private plansOf(sweep: string): SweepPlans {
    const { plan_json, work_json } = this.plans.get(sweep)!;
    const plan = parsePlan(plan_json);
    return { plan, work: work_json === null ? plan : parsePlan(work_json) };
  }

  private async journaled(sweep: string) {
    return (await this.journal.sweeps()).find((row) => row.sweep === sweep);
  }

  /** Tells the scheduler what the journal knows of a sweep, after a look at what is on disk. */
  private async restore(row: JournaledSweep): Promise<void> {
    const { sweep, priority } = row;
    let { merged, control } = row;
    if (merged !== null && !(await this.storage.isMerged(sweep))) {
      // Somebody removed the merged files, and the parts are gone: as if it were submitted now.
      const { plan_json } = this.plans.get(sweep)!;
      await this.enter(plan_json, sweep, priority, this.options.clock.wallMs());
      merged = null;
      control = "running";
    }
    const mismatches = await this.journal.mismatches(sweep);
    this.options.facts.restore(sweep, merged?.sha256, mismatches);
    const { work } = this.plansOf(sweep);
    const progress = merged === null ? await this.journal.progress(sweep) : merged;
    const all = [{ first: 0, end: work.cells }];
    const lacking = (merged?.failures ?? []).map(({ range }) => range);
    this.options.dispatch({
      type: "sweep_submitted",
      sweep,
      plan: work,
      before: {
        done: "done" in progress ? progress.done : subtract(all, union(lacking, [])),
        failures: merged?.failures ?? [],
        phases: progress.phases,
        shards_committed: progress.shards_committed,
        merged: merged !== null,
        ...{ control, priority },
        duplicates: mismatches.length,
        mismatches: mismatches.reduce((sum, { cells }) => sum + cells, 0),
      },
    });
    if (merged === null) await this.checkDatasetsOf(sweep, work);
  }

  /** Fails the sweeps that are not finished and whose data sets are not there. */
  async checkDatasets(): Promise<void> {
    for (const { sweep, plan } of [...this.options.state().sweeps.values()]) {
      await this.checkDatasetsOf(sweep, plan);
    }
  }

  private async checkDatasetsOf(sweep: string, plan: Plan): Promise<void> {
    const missing = await missingDatasets(plan, this.storage.datasets);
    // It may have gone meanwhile, and another of its name may have come.
    if (missing.length === 0 || !this.options.state().sweeps.has(sweep)) return;
    const problem = `${missing.join(" and ")} is not in ${this.storage.place} any more`;
    const error = `${problem}: submit the sweep again, which sends its data sets`;
    this.options.dispatch({ type: "cannot_go_on", sweep, error });
  }
}

function digestsOf(plan: Plan): string[] {
  return datasetReferences(plan).map(({ digest }) => digest);
}

/** The files of commits, each once: small parts share files. */
function filesOf(commits: readonly Commit[]): string[] {
  return [...new Set(commits.map(({ file }) => file))];
}
