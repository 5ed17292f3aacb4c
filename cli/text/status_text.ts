import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { formatCount } from "./format.ts";

/** "lazy 9 catapult 4 divergent 2", with "unsettled 1" where there are any. */
export function phaseCounts(phases: SweepStatus__Output["phases"]): string {
  const { lazy = 0, catapult = 0, divergent = 0, unsettled = 0 } = phases ?? {};
  const counts = [
    `lazy ${formatCount(lazy)}`,
    `catapult ${formatCount(catapult)}`,
    `divergent ${formatCount(divergent)}`,
  ];
  if (unsettled > 0) counts.push(`unsettled ${formatCount(unsettled)}`);
  return counts.join(" ");
}

/** Who handed in what differs from what was there, a line each; empty where nothing does. */
export function mismatchText({ mismatches, mismatchReports }: SweepStatus__Output): string {
  if (mismatches === 0) return "";
  const lines = mismatchReports.map((line) => `  ${line}\n`).join("");
  return `${formatCount(mismatches)} cells differed when they were computed twice; the first result was kept:\n${lines}`;
}
