/** Bugs to be planted in the compiled code, each of which the simulator must find. */
export interface Plant {
  readonly name: string;
  /** Compiled file, and the text in it that is replaced; it must stand there exactly once. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const PLANTS: readonly Plant[] = [
  {
    name: "a given-back range is forgotten",
    file: "coordinator/state/outcomes.js",
    find: "sweep.returned.push({ range: left, past });",
    replace: ";",
  },
  {
    name: "leases never run out",
    file: "coordinator/state/step.js",
    find: "if (lease.deadline_ms > now_ms)",
    replace: "if (true)",
  },
  {
    name: "committed cells are accepted a second time",
    file: "coordinator/state/parts.js",
    find: "const notDone = outside(part.range, sweep.done);",
    replace: "const notDone = [part.range];",
  },
  {
    name: "cells on their way to the disk are accepted a second time",
    file: "coordinator/state/parts.js",
    find: "notDone.flatMap((range) => outside(range, sweep.storing))",
    replace: "notDone",
  },
  {
    name: "a torn part is taken for whole",
    file: "coordinator/rpc/receive_part.js",
    find: "if (bytes.length !== header.bytes || sha256 !== header.sha256)",
    replace: "if (false)",
  },
  {
    name: "a re-adopted lease leaves its cells free for others",
    file: "coordinator/state/leases.js",
    find: "removeRange(sweep.fresh, range);\n    sweep.returned = sweep.returned.flatMap",
    replace: "sweep.returned = sweep.returned.flatMap",
  },
  {
    name: "a part is journaled before it is on the disk",
    file: "coordinator/results/committer.js",
    find: "await this.storage.syncParts();",
    replace: ";",
  },
  {
    name: "a part counts as done before the journal has it",
    file: "coordinator/results/committer.js",
    find: "await this.storage.journal.commit(files.flatMap(({ commits }) => commits));",
    replace: ";",
  },
  {
    name: "a commit is journaled twice",
    file: "coordinator/results/committer.js",
    find: "await this.storage.journal.commit(files.flatMap(({ commits }) => commits));",
    replace:
      "await this.storage.journal.commit(files.flatMap(({ commits }) => [...commits, ...commits]));",
  },
  {
    name: "a part that shares a file is looked for at its beginning",
    file: "coordinator/results/part_files.js",
    find: "shared.commits.push({ ...commit, file, offset: shared.length });",
    replace: "shared.commits.push({ ...commit, file, offset: 0 });",
  },
  {
    name: "a part that covers the beginning of its lease settles all of it",
    file: "coordinator/state/parts.js",
    find: "if (left.length === 0)",
    replace: "if (true)",
  },
  {
    name: "a restart forgets what the journal has",
    file: "coordinator/sweeps/sweep_register.js",
    find: "merged === null ? await this.journal.progress(sweep)",
    replace: "merged === null ? { done: [], phases: [0, 0, 0, 0], shards_committed: 0 }",
  },
  {
    name: "a sweep that a full disk ended is not taken up again",
    file: "coordinator/sweeps/sweep_register.js",
    find: 'if (status === "failed" || status === "cancelled")',
    replace: "if (false)",
  },
  {
    name: "one bad node condemns cells that others could compute",
    file: "coordinator/state/outcomes.js",
    find: "if (judges.length > 1)",
    replace: "if (judges.length > 0)",
  },
  {
    name: "a slow machine holds the end of a sweep",
    file: "coordinator/state/step.js",
    find: "copyStragglers(state, event.now_ms, effects);",
    replace: ";",
  },
  {
    name: "cells that could not be stored are forgotten",
    file: "coordinator/state/parts.js",
    find: "bookLease(state, worker, part.lease, shard, now_ms);",
    replace: ";",
  },
  {
    name: "cells of parts that somebody removed are forgotten",
    file: "coordinator/state/parts.js",
    find: "sweep.returned.push({ range, past });",
    replace: ";",
  },
  {
    name: "the coordinator's deadlines are on the clock on the wall",
    file: "coordinator/coordinator.js",
    find: "const now_ms = this.clock.nowMs();",
    replace: "const now_ms = this.clock.wallMs();",
  },
  {
    name: "a data set that is gone is not missed",
    file: "coordinator/sweeps/sweep_register.js",
    find: "if (missing.length === 0 || !this.options.state().sweeps.has(sweep))",
    replace: "if (true)",
  },
  {
    name: "a damaged copy of a data set is held against the cells",
    file: "worker/compute_shard.js",
    find: "if (!isLoadError(error) || loads === LOADS_MAX)",
    replace: "if (true)",
  },
  {
    name: "a part goes though the answer to its commit was lost",
    file: "coordinator/results/committer.js",
    find: "if (!(thrown instanceof JournalLost && thrown.mayHaveActed))",
    replace: "if (true)",
  },
];
