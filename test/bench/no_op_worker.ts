import { systemClock } from "../../shared/clock.ts";
import { NO_LOG } from "../../shared/log.ts";
import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { GrpcLink } from "../../worker/link.ts";
import { Worker } from "../../worker/worker.ts";
import { NoOpComputer } from "./no_op_computer.ts";

// A production worker that computes nothing. Arguments: address of the coordinator, slots.
const [address = "", slots = "1"] = process.argv.slice(2);
await new Worker({
  link: new GrpcLink({ coordinator: address }),
  computer: new NoOpComputer(),
  name: `no-op-${process.pid}`,
  host: "bench",
  slots: Number(slots),
  numeric_classes: [FLOAT64_EXACT],
  connect_ms: 5_000,
  clock: systemClock,
  log: NO_LOG,
}).run();
