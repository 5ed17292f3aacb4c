import { constants, setPriority } from "node:os";
import { systemClock } from "../../shared/clock.ts";
import { NO_LOG } from "../../shared/log.ts";
import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { GrpcLink } from "../../worker/link.ts";
import { Worker } from "../../worker/worker.ts";
import { PacedComputer } from "./paced_computer.ts";

// Many production workers in one process, which train what they are given, at a pace that the
// machine can keep. Arguments: address of the coordinator, number of the first, how many, and cells a
// second of all of them.
const [address = "", first = "0", workers = "1", cells_per_second = "1000"] = process.argv.slice(2);
// They stand for other machines, whose start takes no core from the coordinator and the page.
setPriority(constants.priority.PRIORITY_LOW);
const pace = Number(cells_per_second) / Number(workers) / 1000;
await Promise.all(
  Array.from({ length: Number(workers) }, (_, i) => {
    const number = Number(first) + i;
    return new Worker({
      link: new GrpcLink({ coordinator: address }),
      computer: new PacedComputer(pace, systemClock),
      name: `paced-${String(number).padStart(4, "0")}`,
      host: `node${String(number % 50).padStart(2, "0")}`,
      slots: 1,
      numeric_classes: [FLOAT64_EXACT],
      connect_ms: 60_000,
      clock: systemClock,
      log: NO_LOG,
    }).run();
  }),
);
