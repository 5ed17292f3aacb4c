import { MISMATCH_REPORTS_MAX } from "../../shared/limits.ts";
import type { Mismatch } from "../journal/journal.ts";

/** What people are told of sweeps and the scheduler needs not know, as the journal has it. */
export class SweepFacts {
  private readonly sha256s = new Map<string, string>();
  private readonly reports = new Map<string, Mismatch[]>();

  /** sha256 of the merged results; empty before. */
  sha256(sweep: string): string {
    return this.sha256s.get(sweep) ?? "";
  }

  /** The first MISMATCH_REPORTS_MAX of them. */
  mismatches(sweep: string): readonly Mismatch[] {
    return this.reports.get(sweep) ?? [];
  }

  /** Replaces all that is known of a sweep. */
  restore(sweep: string, sha256: string | undefined, mismatches: readonly Mismatch[]): void {
    this.forget(sweep);
    if (sha256 !== undefined) this.sha256s.set(sweep, sha256);
    for (const mismatch of mismatches) this.addMismatch(mismatch);
  }

  merged(sweep: string, sha256: string): void {
    this.sha256s.set(sweep, sha256);
  }

  addMismatch(mismatch: Mismatch): void {
    const reports = this.reports.get(mismatch.sweep) ?? [];
    this.reports.set(mismatch.sweep, reports);
    if (reports.length < MISMATCH_REPORTS_MAX) reports.push(mismatch);
  }

  forget(sweep: string): void {
    this.sha256s.delete(sweep);
    this.reports.delete(sweep);
  }
}
