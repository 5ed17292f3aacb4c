import { expect, test } from "vitest";
import { missingAtFirst, missingLater, parseQueue, queueText } from "../../../cli/slurm/queue.ts";
import { EXAMPLE_FLEET } from "./example_fleet.ts";

const fleet = { ...EXAMPLE_FLEET, cpuTasks: 3, gpuTasks: 1 };
const queueOf = (...lines: string[]) => parseQueue(lines.join("\n"), fleet);
const COORDINATOR = "12|phasesweep-coordinator-sweep|RUNNING|None|node1";
const task = (id: string, state: string, reason = "None") =>
  `${id}|phasesweep-cpu-sweep|${state}|${reason}|`;

test("jobs of a fleet are told from others by their names", () => {
  const queue = queueOf(
    COORDINATOR,
    "13|somebody-else|RUNNING|None|node1",
    "14|phasesweep-cpu-other|RUNNING|None|node1",
    task("15_0", "PENDING", "Priority"),
    "",
  );
  expect(queue.map(({ id }) => id)).toEqual(["12", "15_0"]);
  expect(queue[1]).toMatchObject({ role: "cpu", state: "PENDING", reason: "Priority" });
  expect(queueOf("")).toEqual([]);
});

test("whoever begins to follow starts what is not there, ending jobs being there", () => {
  expect(missingAtFirst([], fleet)).toEqual({ coordinator: 1, cpu: 3, gpu: 1 });
  const queue = queueOf(COORDINATOR, task("15_0", "PENDING"), task("15_1", "COMPLETING"));
  expect(missingAtFirst(queue, fleet)).toEqual({ coordinator: 0, cpu: 1, gpu: 1 });
  const more = queueOf(COORDINATOR, ...[0, 1, 2, 3].map((i) => task(`15_${i}`, "RUNNING")));
  expect(missingAtFirst(more, fleet).cpu).toBe(0);
});

test("later the coordinator comes again, and workers only if none is left", () => {
  const queue = queueOf(task("15_0", "RUNNING"));
  expect(missingLater(queue, fleet)).toEqual({ coordinator: 1, cpu: 0, gpu: 0 });
  expect(missingLater(queueOf(COORDINATOR), fleet)).toEqual({ coordinator: 0, cpu: 3, gpu: 1 });
});

test("the queue in words", () => {
  expect(queueText([])).toBe("no coordinator");
  const queue = queueOf(
    "12|phasesweep-coordinator-sweep|PENDING|Resources|",
    ...[task("15_0", "RUNNING"), task("15_1", "PENDING", "Priority"), task("15_2", "COMPLETING")],
    "16_0|phasesweep-gpu-sweep|RUNNING|None|node4",
  );
  expect(queueText(queue)).toBe(
    "coordinator 12 waiting (Resources); CPU tasks: 1 running, 1 waiting (Priority), 1 ending; GPU tasks: 1 running",
  );
});
