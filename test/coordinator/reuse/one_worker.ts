import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Coordinator } from "../../../coordinator/coordinator.ts";
import { FolderStorage, type Storage } from "../../../coordinator/storage.ts";
import { sha256Hex } from "../../../shared/canonical.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { Lease } from "../../../shared/generated/phasesweep/v1/Lease.ts";
import { FLOAT64_EXACT } from "../../../shared/numeric_class.ts";
import {
  cellCoordinates,
  groupIndexOf,
  type Plan,
  type PlannedGroup,
  parsePlan,
  serializePlan,
} from "../../../shared/plan.ts";
import {
  allocateResultColumns,
  allocateTrajectories,
  RESULT_COLUMNS,
} from "../../../shared/result_columns.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { PartWriter } from "../../../worker/part_writer.ts";
import { sha256Of } from "../../e2e/cli.ts";
import { RELEASE } from "../../release.ts";

const WORKER = "w";
const RULES = {
  lease_ms: 600_000,
  reconnect_ms: 600_000,
  shard_ms: 100,
  leases_per_slot: 1,
  losses_max: 9,
  company_ms: 0,
  storage_patience_ms: 0,
};

export interface Ran {
  readonly cells: number;
  readonly computed: number;
  readonly cached: number;
  readonly notes: readonly string[];
  /** Of results.parquet; undefined if the sweep did not end. */
  readonly sha256: string | undefined;
}

export interface RunOptions {
  /** The process ends when so many cells are handed in. */
  readonly untilCells?: number;
  /** Folder of other results folders whose cells may be taken over. */
  readonly siblings?: string;
  readonly singleSweep?: boolean;
  /** Puts something between the coordinator and its storage. */
  readonly through?: (storage: Storage) => Storage;
}

export function planOf(text: string): Plan {
  return buildPlan(parseSweep(text, "test"));
}

/**
 * Runs a sweep with the production coordinator on a folder and one worker in this process, whose
 * numbers are functions of shape, seed and learning rate, as an engine's are, but cost nothing.
 */
export async function run(text: string, folder: string, options: RunOptions = {}): Promise<Ran> {
  const { untilCells = Number.POSITIVE_INFINITY, singleSweep = true, siblings } = options;
  const plan = planOf(text);
  const opened = await reopen(folder, singleSweep, siblings);
  const storage = options.through?.(opened) ?? opened;
  const coordinator = await Coordinator.open({
    ...{ storage, singleSweep, clock: systemClock, rules: RULES },
  });
  try {
    const { cellsCached: cached, notes } = await coordinator.submit(serializePlan(plan));
    const computed = await compute(coordinator, plan.name, untilCells);
    const isDone = coordinator.watch.status(plan.name)!.state === "done";
    const results = join(singleSweep ? folder : join(folder, plan.name), "results.parquet");
    const sha256 = isDone ? sha256Of(results) : undefined;
    return { cells: plan.cells, computed, cached, notes, sha256 };
  } finally {
    await coordinator.close();
  }
}

const opened = new Map<string, { storage: FolderStorage; epoch: number }>();

/**
 * The storage of a folder as the next process would open it. A journal's lock goes with its process,
 * so that within one it is opened once, and only counts its starts.
 */
async function reopen(
  folder: string,
  singleSweep: boolean,
  siblings: string | undefined,
): Promise<Storage> {
  const known = opened.get(folder) ?? {
    storage: await FolderStorage.open(folder, singleSweep, { siblings }),
    epoch: 0,
  };
  known.epoch++;
  opened.set(folder, known);
  const { journal } = known.storage;
  const own = { epoch: known.epoch + journal.epoch, async close() {} };
  return overridden(known.storage, {
    journal: overridden(journal, own),
    close: async () => {},
  });
}

/** An object with some members in place of its own. */
function overridden<T extends object>(inner: T, members: Partial<T>): T {
  return new Proxy(inner, {
    get(target, key) {
      if (key in members) return Reflect.get(members, key);
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Hands in what is leased until the sweep ends, or so many cells are done. */
async function compute(
  coordinator: Coordinator,
  sweep: string,
  untilCells: number,
): Promise<number> {
  const work = parsePlan(coordinator.planJson(sweep)!);
  const leases: Lease[] = [];
  coordinator.openSession(WORKER, (message) => {
    leases.push(...(message.leases?.leases ?? []));
  });
  // Leases come when the task that granted them is done.
  const nextLease = async () => {
    await setImmediate();
    return leases.shift();
  };
  const ended = new Promise<void>((resolve, reject) => {
    coordinator.watch.subscribe(sweep, ({ state, error }) => {
      if (state === "done") resolve();
      else if (state === "failed") reject(new Error(error));
    });
  });
  // It may fail while a part is waited for, which is told then.
  ended.catch(() => {});
  coordinator.dispatch({
    ...{ type: "worker_registered", worker: WORKER, host: "h", slots: 1, held: [] },
    numeric_classes: [FLOAT64_EXACT],
    ...RELEASE,
  });
  let computed = 0;
  for (let next = await nextLease(); next !== undefined; next = await nextLease()) {
    const { lease = "", firstCell, cellCount } = next;
    const [first, cells] = [Number(firstCell), Number(cellCount)];
    const bytes = await partOf(work, first, cells);
    await new Promise<void>((resolve, reject) => {
      coordinator.partArrived({
        part: {
          ...{ worker: WORKER, lease, sweep, phases: [cells, 0, 0, 0], compute_ms: cells / 10 },
          range: { first, end: first + cells },
        },
        ...{ bytes, sha256: sha256Hex(bytes), host: "h", version: "0.1.0", slot: 0, started_ms: 0 },
        settled: (outcome) => ("reason" in outcome ? reject(new Error(outcome.reason)) : resolve()),
      });
    });
    computed += cells;
    if (computed >= untilCells) return computed;
  }
  await ended;
  return computed;
}

async function partOf(work: Plan, first: number, cells: number): Promise<Buffer> {
  const group = work.groups[groupIndexOf(work, first)]!;
  const writer = await PartWriter.open(cells, group.shape);
  const { seeds, learning_rates } = cellCoordinates(group, first, cells);
  const results = allocateResultColumns(cells);
  const lists = allocateTrajectories(group.shape, cells);
  for (let row = 0; row < cells; row++) {
    const [seed, learningRate] = [seeds[row]!, learning_rates[row]!];
    for (const { name } of RESULT_COLUMNS) {
      results[name][row] = numberOf(group, seed, learningRate, name);
    }
    if (lists === undefined) continue;
    const { points, counts, loss, ntk } = lists;
    counts[row] = 1 + (seed % points);
    for (let j = 0; j < counts[row]!; j++) {
      loss[row * points + j] = seed + learningRate / (1 + j);
      if (ntk !== undefined) ntk[row * points + j] = j === 1 ? Number.NaN : seed - learningRate;
    }
  }
  await writer.add(learning_rates, results, lists);
  return writer.finish();
}

/** A number that the cell and the column determine; "never" and NaN are among them. */
function numberOf(
  { shape_group }: PlannedGroup,
  seed: number,
  learningRate: number,
  name: string,
): number {
  const column = RESULT_COLUMNS.find((candidate) => candidate.name === name)!;
  const mixed = Math.floor(
    seed * 7.3 + learningRate * 1013 + Number(`0x${shape_group.slice(0, 4)}`),
  );
  if (name === "phase") return mixed % 4;
  if (column.nullable && mixed % 3 === 0) return -1;
  if (column.type === "INT32") return mixed % 997;
  if (name.startsWith("ntk") && mixed % 5 === 0) return Number.NaN;
  return (mixed % 1009) + learningRate / name.length;
}

/** A storage of a process that dies after the first call of that name: nothing reaches it then. */
export function dyingAfter(name: string, storage: Storage): Storage {
  let isDead = false;
  const died = () => new Error("the process died");
  const dying = <T extends object>(inner: T, fails: () => unknown): T =>
    new Proxy(inner, {
      get(target, key) {
        const value = Reflect.get(target, key);
        if (key === "journal") return dying(value as object, throwing);
        if (typeof value !== "function" || !CHANGING.has(String(key))) return value;
        return (...given: unknown[]) => {
          if (isDead) return fails();
          const result = value.apply(target, given);
          if (key !== name) return result;
          isDead = true;
          return result instanceof Promise ? result.then(fails) : fails();
        };
      },
    });
  const throwing = () => {
    throw died();
  };
  return dying(storage, () => Promise.reject(died()));
}

/** Calls that change what is on the disk. */
const CHANGING = new Set([
  ...["writeParts", "syncParts", "removeParts", "merge", "takeOver", "setAside", "removeStale"],
  ...["addSweep", "commit", "setMerged"],
]);
