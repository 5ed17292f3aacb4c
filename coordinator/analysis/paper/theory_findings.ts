import { type Claim, checkTheory } from "../theory.ts";
import type { Finding } from "./finding.ts";
import type { PaperData } from "./paper_data.ts";
import { ofText, verdictOfAll } from "./verdicts.ts";

/**
 * What the theorems say about the runs of a sweep. A theorem agrees where it holds for every run
 * that it speaks about, in part where it does for at least half of them.
 */
export async function theoryFindings({ connection, results }: PaperData): Promise<Finding[]> {
  return findingsOfClaims(await checkTheory(connection, results));
}

/** Pure. */
export function findingsOfClaims(claims: readonly Claim[]): Finding[] {
  return claims.map(({ claim, runs, held, counterexample }) => ({
    claim,
    measured: `holds in ${ofText(held, runs)} runs${counterexample === null ? "" : `; cell ${counterexample} breaks it worst`}`,
    agrees: verdictOfAll(held, runs),
  }));
}
