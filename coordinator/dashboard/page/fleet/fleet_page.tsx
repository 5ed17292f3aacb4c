import { FleetTotals } from "../overview/fleet_totals.tsx";
import { NotesList } from "./notes_list.tsx";
import { WorkerPanel } from "./worker_panel.tsx";
import { WorkerTable } from "./worker_table.tsx";

/** All workers, one of them closely, and what operators are told. */
export function FleetPage({ worker }: { readonly worker: string | null }) {
  return (
    <>
      <div class="heading">
        <h1>Fleet</h1>
        <FleetTotals />
      </div>
      {worker !== null && <WorkerPanel key={worker} worker={worker} />}
      <WorkerTable selected={worker} />
      <NotesList />
    </>
  );
}
