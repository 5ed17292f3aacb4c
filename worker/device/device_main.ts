import { systemClock } from "../../shared/clock.ts";
import { EXIT_FAILURE, messageOf } from "../../shared/errors.ts";
import type { Backend } from "../../shared/numeric_class.ts";
import { numericClasses } from "../engine/engines.ts";
import { BUSY_MS, CELLS_DONE, CELLS_WANTED, computeShard, shardControl } from "../shard_task.ts";
import { type OpenDevice, openBackend } from "./backends.ts";
import type { FromDevice, ToDevice } from "./messages.ts";

// The process that computes on one device for a worker, its parent: whatever a driver does to a
// process, the worker goes on. Argument: the backend.

/** A crash, as exit codes go (shared/death.ts). */
const EXIT_LOST = 70;

const send = (message: FromDevice) => process.send?.(message);
process.on("disconnect", () => process.exit(EXIT_FAILURE));

let device: OpenDevice;
try {
  device = await openBackend(process.argv[2] as Backend, process.env, systemClock);
} catch (error) {
  send({ type: "unusable", reason: messageOf(error) });
  process.disconnect();
  process.exit(0);
}
const { engines, name, isSoftware } = device;
// Nothing computes on a lost device again; the next process may get it back.
void device.lost?.then((reason) => {
  process.stderr.write(`the device was lost: ${reason}\n`);
  process.exit(EXIT_LOST);
});
const controls = new Map<number, Int32Array>();

process.on("message", (message: ToDevice) => {
  if (message.type === "wanted") {
    const control = controls.get(message.id);
    if (control !== undefined) Atomics.store(control, CELLS_WANTED, message.cells);
    return;
  }
  void compute(message);
});

async function compute(task: Extract<ToDevice, { type: "compute" }>): Promise<void> {
  const { id } = task;
  const control = shardControl(task.cell_count);
  controls.set(id, control);
  const onBatch = () => {
    const cells = Atomics.load(control, CELLS_DONE);
    send({ type: "progress", id, cells, busy_ms: Atomics.load(control, BUSY_MS) });
  };
  try {
    const result = await computeShard({ ...task, control }, { engines, slot: 0, onBatch });
    send({ type: "done", id, result });
  } catch (error) {
    send({ type: "failed", id, error: messageOf(error) });
  } finally {
    controls.delete(id);
  }
}

send({ type: "ready", about: { name, isSoftware, numeric_classes: numericClasses(engines) } });
