import { systemClock } from "../../shared/clock.ts";
import { NO_LOG } from "../../shared/log.ts";
import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { GrpcLink } from "../../worker/link.ts";
import { Worker } from "../../worker/worker.ts";
import { PacedComputer } from "./paced_computer.ts";

// Many production workers in one process, which train what they are given, at a pace that the
// machine can keep. Arguments: address of the coordinator, workers, cells a second of all of them.
const [address = "", workers = "1", cells_per_second = "1000"] = process.argv.slice(2);
const pace = Number(cells_per_second) / Number(workers) / 1000;
await Promise.all(
  Array.from({ length: Number(workers) }, (_, i) =>
    new Worker({
      link: new GrpcLink({ coordinator: address }),
      computer: new PacedComputer(pace, systemClock),
      name: `paced-${String(i).padStart(4, "0")}`,
      host: `node${String(i % 50).padStart(2, "0")}`,
      slots: 1,
      numeric_classes: [FLOAT64_EXACT],
      connect_ms: 60_000,
      clock: systemClock,
      log: NO_LOG,
    }).run(),
  ),
);
