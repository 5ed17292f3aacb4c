import { packageVersion } from "../../shared/package_info.ts";

/**
 * The format of journals. Raised when what is in them changes; a journal of an earlier format is
 * brought forward when it is opened, in one transaction, and one of a later format is refused.
 *
 * 5: plans say the kernels of their groups, and commits the release of their worker. Release 0.1.0,
 * which would overlook both, reads up to 4.
 */
export const JOURNAL_FORMAT = 5;

/** The first that was released. */
export const JOURNAL_FORMAT_OLDEST = 4;

/** Why a journal of this format cannot be used, and what to do; undefined where it can be. */
export function formatProblem(
  format: number,
): { readonly problem: string; readonly fix: string } | undefined {
  const ours = `phasesweep ${packageVersion} reads formats ${JOURNAL_FORMAT_OLDEST} to ${JOURNAL_FORMAT}`;
  if (format > JOURNAL_FORMAT) {
    return {
      problem: `a later phasesweep wrote the journal, in format ${format}; ${ours}`,
      fix: "start the version that wrote it, or a later one, or give another place",
    };
  }
  if (format >= JOURNAL_FORMAT_OLDEST) return undefined;
  return {
    problem: `the journal has format ${format}, from before the first release; ${ours}`,
    fix: "finish its sweep with the version that wrote it, or give another place",
  };
}
