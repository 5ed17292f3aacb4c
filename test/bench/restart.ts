import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Coordinator } from "../../coordinator/coordinator.ts";
import type { Commit } from "../../coordinator/journal/journal.ts";
import { JOURNAL_FILE } from "../../coordinator/journal/sqlite_journal.ts";
import { RULES_COMMON } from "../../coordinator/state/state.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { planDigest, serializePlan } from "../../shared/plan.ts";
import { uniformStream } from "../../shared/random.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { collectGarbage } from "../collect_garbage.ts";
import { formatNumber, formatTable } from "./table.ts";

/** Commits of one transaction, and cells of each. */
const GROUP = 500;
const PART_CELLS = 1_000;
/** Parts that are under way at a time: they are committed out of order by so much. */
const UNDER_WAY = 1_000;

export interface RestartRow {
  /** Parts that the unfinished sweep has, each in a file of its own. */
  readonly parts: number;
  readonly journal_mebibytes: number;
  /** From the opening of the folder until the scheduler knows what is done. */
  readonly restart_s: number;
  /** Reading all that the journal has of the sweep: what a start without snapshots would do. */
  readonly whole_history_s: number;
}

/** How long a coordinator takes to be back, as the history of its unfinished sweep grows. */
export async function benchRestart(parts: number): Promise<RestartRow> {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-bench-"));
  try {
    const sweep = await writeHistory(folder, parts);
    const journal_mebibytes = statSync(join(folder, JOURNAL_FILE)).size / 2 ** 20;
    const began_ms = systemClock.nowMs();
    const storage = await FolderStorage.open(folder, false);
    const coordinator = await Coordinator.open({
      ...{ storage, singleSweep: false, clock: systemClock },
      rules: {
        ...RULES_COMMON,
        ...{ lease_ms: 30_000, reconnect_ms: 10_000, shard_ms: 20_000 },
        ...{ company_ms: 60_000, storage_patience_ms: 30_000 },
      },
    });
    const restart_s = (systemClock.nowMs() - began_ms) / 1000;
    const { cellsDone } = coordinator.watch.status(sweep)!;
    if (cellsDone !== parts * PART_CELLS) throw new Error(`${cellsDone} cells came back`);
    const read_ms = systemClock.nowMs();
    await storage.journal.commits(sweep);
    const whole_history_s = (systemClock.nowMs() - read_ms) / 1000;
    await coordinator.close();
    return { parts, journal_mebibytes, restart_s, whole_history_s };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function writeHistory(folder: string, parts: number): Promise<string> {
  const plan = buildPlan(
    parseSweep(
      `{name: long, dataset: example4, loss: logistic, seeds: ${2 * parts},
        model: {hidden_layers: 1, width: 100},
        learning_rate: {from: 1, to: 9, points: ${PART_CELLS}, scale: linear}}`,
      "bench",
    ),
  );
  const { journal } = await FolderStorage.open(folder, false);
  await journal.addSweep({
    ...{ sweep: plan.name, plan_json: serializePlan(plan), work_json: null },
    ...{ plan_digest: planDigest(plan), submitted_ms: 0, priority: 0 },
    ...{ commits: [], in_place_of: null },
  });
  const random = uniformStream(1, 1);
  const waiting = Array.from({ length: Math.min(UNDER_WAY, parts) }, (_, i) => i);
  let next = waiting.length;
  for (let done = 0; done < parts; ) {
    const group: Commit[] = [];
    for (; group.length < GROUP && done < parts; done++) {
      const pick = Math.floor(random() * waiting.length);
      group.push(commitOf(plan.name, waiting[pick]!));
      if (next < parts) waiting[pick] = next++;
      else waiting.splice(pick, 1);
    }
    await journal.commit(group);
  }
  await journal.close();
  await collectGarbage();
  return plan.name;
}

function commitOf(sweep: string, part: number): Commit {
  const range = { first: part * PART_CELLS, end: (part + 1) * PART_CELLS };
  return {
    ...{ sweep, file: `${sweep}-1.${part + 1}.parquet`, offset: null, range, accepted: [range] },
    ...{ sha256: "0".repeat(64), bytes: 100_000, phases: [400, 500, 100, 0] },
    ...{ worker: "node-17-4711", host: "node-17", version: "0.2.0", slot: 3, lease: `1-${part}` },
    ...{ started_ms: 1.7e12, compute_ms: 20_123.456, committed_ms: 1.7e12 },
  };
}

export function formatRestartReport(rows: readonly RestartRow[]): string {
  const head = ["parts", "journal MiB", "restart s", "whole history s"];
  const table = rows.map((row) =>
    [row.parts, row.journal_mebibytes, row.restart_s, row.whole_history_s].map(formatNumber),
  );
  return formatTable([head, ...table]);
}
