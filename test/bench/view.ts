import { mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Coordinator } from "../../coordinator/coordinator.ts";
import type { LiveBoundaries } from "../../coordinator/dashboard/messages.ts";
import { SweepViews } from "../../coordinator/dashboard/views/sweep_views.ts";
import {
  partFileName,
  placeParts,
  type UnplacedCommit,
} from "../../coordinator/results/part_files.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { NO_LOG } from "../../shared/log.ts";
import { CATAPULT, DIVERGENT, LAZY } from "../../shared/phases.ts";
import {
  cellCoordinates,
  type Plan,
  type PlannedGroup,
  planDigest,
  serializePlan,
} from "../../shared/plan.ts";
import { allocateResultColumns } from "../../shared/result_columns.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { PartWriter } from "../../worker/part_writer.ts";
import { formatTable } from "./table.ts";

interface Case {
  readonly name: string;
  readonly groups: number;
  readonly seeds: number;
  readonly points: number;
  readonly part_cells: number;
}

const CASES: readonly Case[] = [
  { name: "10^6 in small parts", groups: 1, seeds: 1_000, points: 1_000, part_cells: 100 },
  { name: "10^6 in 100 groups", groups: 100, seeds: 100, points: 100, part_cells: 100 },
  { name: "a map of 4096 × 4096", groups: 4_096, seeds: 1, points: 4_096, part_cells: 4_096 },
];

/** One question to the views of a sweep. */
export interface ViewRow {
  readonly sweep: string;
  readonly question: string;
  readonly ms: number;
  /** Most time of the CPU that the event loop took in one turn; null where Linux does not say. */
  readonly turn_ms: number | null;
  /** Resident set of the process after it, in MiB. */
  readonly mebibytes: number;
}

const RULES = {
  ...{ lease_ms: 1e9, reconnect_ms: 1e9, shard_ms: 100, leases_per_slot: 1, losses_max: 9 },
  ...{ company_ms: 0, storage_patience_ms: 0 },
};

/** What a dashboard asks of sweeps whose cells are all committed, and none merged. */
export async function benchView(): Promise<ViewRow[]> {
  const rows: ViewRow[] = [];
  for (const each of CASES) rows.push(...(await benchCase(each)));
  return rows;
}

export function formatViewReport(rows: readonly ViewRow[]): string {
  const table = rows.map(({ sweep, question, ms, turn_ms, mebibytes }) => [
    ...[sweep, question, ms.toFixed(0)],
    ...[turn_ms?.toFixed(1) ?? "?", mebibytes.toFixed(0)],
  ]);
  return formatTable([["sweep", "question", "ms", "turn ms", "MiB"], ...table], [0, 1]);
}

async function benchCase({ name, ...sizes }: Case): Promise<ViewRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-bench-"));
  const clock = systemClock;
  const storage = await FolderStorage.open(folder, true);
  const plan = planOf(sizes);
  await commitAll(storage, plan, sizes.part_cells);
  const views = new SweepViews({ storage, clock, log: NO_LOG });
  const { observer } = views;
  // The rounds of the scheduler go on; the merge of what is complete is not to be in the way.
  storage.merge = () => new Promise(() => {});
  const coordinator = await Coordinator.open({
    ...{ storage, singleSweep: true, clock, rules: RULES, observer },
  });
  const rows: ViewRow[] = [];
  const turns = new TurnGauge();
  const ask = async (question: string, answer: () => Promise<unknown>) => {
    turns.reset();
    const began_ms = clock.nowMs();
    await answer();
    const ms = clock.nowMs() - began_ms;
    const mebibytes = process.memoryUsage().rss / 2 ** 20;
    rows.push({ sweep: name, question, ms, turn_ms: turns.longest_ms, mebibytes });
  };
  try {
    const { name: sweep } = plan;
    await ask("nothing", () => new Promise<void>((resolve) => clock.after(500, resolve)));
    await ask("plan", () => views.plan(sweep));
    await ask("cells", () => views.cells(sweep));
    await ask("boundaries", () => {
      return new Promise<LiveBoundaries>((boundaries) => {
        views.follow(sweep, { cells() {}, plan() {}, boundaries });
      });
    });
    await ask("measures", () => views.measures(sweep, plan.groups[0]!.shape_group));
    await ask("a cell", () => views.cell(sweep, Math.floor(plan.cells / 2)));
    return rows;
  } finally {
    turns.stop();
    await views.close();
    // Its merge never ends, so the coordinator is left as it is.
    coordinator.sendHome("the benchmark ends");
    rmSync(folder, { recursive: true, force: true });
  }
}

function planOf({ groups, seeds, points }: Omit<Case, "name">): Plan {
  const text = `{name: view, dataset: example3, loss: logistic, seeds: ${seeds}, measure: [ntk],
    model: {hidden_layers: 1, width: 1}, learning_rate: {from: 1, to: 16, points: ${points}, scale: linear}}`;
  const plan = buildPlan(parseSweep(text, "view"));
  const [base] = plan.groups;
  return {
    ...plan,
    cells: groups * base!.cells,
    groups: Array.from({ length: groups }, (_, i) => ({
      ...base!,
      first_cell: i * base!.cells,
      shape: { ...base!.shape, width: i + 1 },
      shape_group: (i + 1).toString(16).padStart(32, "0"),
    })),
  };
}

/** As a coordinator stores and journals what workers hand in. */
async function commitAll(storage: FolderStorage, plan: Plan, part_cells: number): Promise<void> {
  const texts = { plan_json: serializePlan(plan), work_json: null, plan_digest: planDigest(plan) };
  const { journal } = storage;
  const added = { priority: 0, submitted_ms: 0, commits: [], in_place_of: null };
  await journal.addSweep({ sweep: plan.name, ...texts, ...added });
  let files = 0;
  let waiting: { commit: UnplacedCommit; bytes: Uint8Array }[] = [];
  const store = async () => {
    const placed = placeParts(waiting, (sweep) => partFileName(sweep, journal.epoch, ++files));
    for (const { file, chunks } of placed) await storage.writeParts(file, chunks);
    await journal.commit(placed.flatMap(({ commits }) => commits));
    waiting = [];
  };
  for (const group of plan.groups) {
    for (let at = 0; at < group.cells; at += part_cells) {
      const first = group.first_cell + at;
      const range = { first, end: first + Math.min(part_cells, group.cells - at) };
      const bytes = await partOf(group, first, range.end - first);
      const made = { worker: "w", host: "h", version: "0", slot: 0, lease: `l${first}` };
      const times = { started_ms: 0, compute_ms: 1, committed_ms: 0 };
      const commit = {
        ...{ sweep: plan.name, sha256: "", bytes: bytes.length, range, accepted: [range] },
        ...{ phases: [range.end - first, 0, 0, 0], ...made, ...times },
      };
      waiting.push({ commit, bytes });
      if (waiting.length === 100) await store();
    }
  }
  await store();
  await storage.syncParts();
}

async function partOf(group: PlannedGroup, first: number, cells: number): Promise<Buffer> {
  const { seeds, learning_rates } = cellCoordinates(group, first, cells);
  const results = allocateResultColumns(cells);
  for (const column of Object.values(results)) column.set(learning_rates);
  for (let i = 0; i < cells; i++) {
    const eta0 = 4 + ((seeds[i]! * 37 + Number(group.shape.width) * 11) % 100) / 50;
    const eta = learning_rates[i]!;
    results.phase[i] = eta < eta0 ? LAZY : eta < 2 * eta0 ? CATAPULT : DIVERGENT;
  }
  const writer = await PartWriter.open(cells, group.shape);
  await writer.add(learning_rates, results);
  return writer.finish();
}

/** How long the main thread computes between two turns of the event loop; what waits is not counted. */
class TurnGauge {
  private readonly file: number | null;
  private readonly buffer = Buffer.alloc(64);
  private longest = 0;
  private last = 0;
  private isOn = true;

  constructor() {
    const path = `/proc/self/task/${process.pid}/schedstat`;
    this.file = process.platform === "linux" ? openSync(path, "r") : null;
    this.reset();
    const turn = () => {
      const now = this.computedMs();
      this.longest = Math.max(this.longest, now - this.last);
      this.last = now;
      if (this.isOn) setImmediate(turn);
    };
    if (this.file !== null) turn();
  }

  reset(): void {
    this.longest = 0;
    this.last = this.computedMs();
  }

  stop(): void {
    this.isOn = false;
  }

  get longest_ms(): number | null {
    return this.file === null ? null : this.longest;
  }

  private computedMs(): number {
    if (this.file === null) return 0;
    const length = readSync(this.file, this.buffer, 0, this.buffer.length, 0);
    return Number(this.buffer.toString("latin1", 0, length).split(" ")[0]) / 1e6;
  }
}
