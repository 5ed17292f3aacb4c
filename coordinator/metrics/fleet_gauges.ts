import type { Registry } from "prom-client";
import { METRIC_SWEEPS_MAX } from "../../shared/limits.ts";
import { measured, type Sample } from "../../shared/metrics.ts";
import type { FleetNumbers } from "./fleet_numbers.ts";

/** What the scheduler's state says; empty while this process stands by. */
export function addFleetGauges(
  registry: Registry,
  cellsCopied: (sweep: string) => number,
  read: () => FleetNumbers | undefined,
): void {
  // All gauges are read for one answer, one after another: they share one look at the state.
  let last: { readonly numbers: FleetNumbers | undefined } | undefined;
  const numbers = () => {
    if (last === undefined) {
      last = { numbers: read() };
      setImmediate(() => {
        last = undefined;
      });
    }
    return last.numbers;
  };
  const of =
    (samples: (numbers: FleetNumbers) => Sample[]): (() => Sample[]) =>
    () => {
      const there = numbers();
      return there === undefined ? [] : samples(there);
    };
  const bySweep = (value: (sweep: FleetNumbers["sweeps"][number]) => number) =>
    of(({ sweeps }) =>
      sweeps.map((sweep) => ({ labels: { sweep: sweep.sweep }, value: value(sweep) })),
    );
  const byClass = (value: (one: FleetNumbers["classes"][number]) => number) =>
    of(({ classes }) =>
      classes.map((one) => ({ labels: { numeric_class: one.numeric_class }, value: value(one) })),
    );
  const byKey = (
    label: string,
    read: (numbers: FleetNumbers) => Readonly<Record<string, number>>,
  ) =>
    of((there) =>
      Object.entries(read(there)).map(([key, value]) => ({ labels: { [label]: key }, value })),
    );
  const one = (value: (numbers: FleetNumbers) => number) =>
    of((there) => [{ labels: {}, value: value(there) }]);
  const some = `of the ${METRIC_SWEEPS_MAX} sweeps (METRIC_SWEEPS_MAX) that are not over, or the newest`;
  measured(registry, {
    phasesweep_sweeps: [
      "Sweeps by state; failed ones wait for somebody to mend something",
      byKey("state", ({ sweeps_by_state }) => sweeps_by_state),
      ["state"],
    ],
    phasesweep_sweep_cells: [`Cells in all, ${some}`, bySweep(({ cells }) => cells), ["sweep"]],
    phasesweep_sweep_cells_done: [
      "Cells that are durable and in the journal",
      bySweep(({ done }) => done),
      ["sweep"],
    ],
    phasesweep_sweep_cells_in_flight: [
      "Cells that are leased or on their way to the disk",
      bySweep(({ in_flight }) => in_flight),
      ["sweep"],
    ],
    phasesweep_sweep_cells_waiting: [
      "The queue: cells that nobody has been leased yet, or not successfully",
      bySweep(({ waiting }) => waiting),
      ["sweep"],
    ],
    phasesweep_sweep_cells_quarantined: [
      "Cells that were given up; the sweep will be merged without them",
      bySweep(({ quarantined }) => quarantined),
      ["sweep"],
    ],
    phasesweep_sweep_cells_copied: [
      "Cells taken over from earlier sweeps since this process started, which nobody computed again",
      bySweep(({ sweep }) => cellsCopied(sweep)),
      ["sweep"],
    ],
    phasesweep_sweep_running: [
      "1 while cells of the sweep may be leased",
      bySweep(({ state }) => (state === "running" ? 1 : 0)),
      ["sweep"],
    ],
    phasesweep_sweep_storage_trouble: [
      "1 while nothing of the sweep reaches the disk",
      bySweep(({ has_storage_trouble }) => (has_storage_trouble ? 1 : 0)),
      ["sweep"],
    ],
    phasesweep_queue_cells: [
      "Cells of running sweeps that wait, by numeric class",
      byClass(({ cells_waiting }) => cells_waiting),
      ["numeric_class"],
    ],
    phasesweep_queue_seconds: [
      "What waits or is computed, as time on one slot at measured rates; divide by slots for the time to the end",
      byClass(({ work_ms }) => work_ms / 1000),
      ["numeric_class"],
    ],
    phasesweep_slots_wanted: [
      "For autoscaling: slots that would finish all that is left in five minutes (SLOTS_WANTED_MS), and at least those that are busy; 0 when there is nothing to do",
      byClass(({ slots_wanted }) => slots_wanted),
      ["numeric_class"],
    ],
    phasesweep_slots: ["Slots of connected workers", one(({ slots }) => slots)],
    phasesweep_slots_busy: [
      "Slots that have a lease; by phasesweep_slots this is how well the fleet is used",
      one(({ slots_busy }) => slots_busy),
    ],
    phasesweep_workers: [
      "Workers: ready, draining (take nothing more), lost (cut off with leases in hand)",
      byKey("state", ({ workers }) => workers),
      ["state"],
    ],
    phasesweep_leases: [
      "Leases in hand: computing (cells were reported), queued, cut_off (their workers are lost)",
      byKey("state", ({ leases }) => leases),
      ["state"],
    ],
    phasesweep_leases_copies: [
      "Leases of cells that another worker has as well",
      one(({ copies }) => copies),
    ],
  });
}
