import { expect, test } from "vitest";
import {
  arraySizeMax,
  isTooMany,
  type Submission,
  submitTasks,
} from "../../../cli/slurm/arrays.ts";

test("the size of an array is what the configuration allows", () => {
  expect(arraySizeMax("MaxArraySize            = 1001\nMaxJobCount = 10000\n")).toBe(1_001);
  expect(
    arraySizeMax("MaxArraySize = 4001\nSchedulerParameters = bf_interval=2,max_array_tasks=500\n"),
  ).toBe(500);
  expect(arraySizeMax("")).toBe(1_001);
  // Arrays are switched off there.
  expect(arraySizeMax("MaxArraySize = 0\n")).toBe(1);
});

test("limits on the number of jobs are told from others that sbatch names in the same breath", () => {
  const last =
    "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)";
  expect(isTooMany(last)).toBe(true);
  expect(isTooMany(`sbatch: error: AssocMaxSubmitJobLimit\n${last}`)).toBe(true);
  expect(isTooMany(`sbatch: error: QOSMaxSubmitJobPerUserLimit\n${last}`)).toBe(true);
  expect(isTooMany(`sbatch: error: QOSMaxWallDurationPerJobLimit\n${last}`)).toBe(false);
  expect(isTooMany("sbatch: error: invalid partition specified: nowhere")).toBe(false);
});

/** A Slurm that takes arrays of at most `size`, and jobs up to `room`. */
function site(size: number, room: number) {
  const sizes: number[] = [];
  let left = room;
  const submit = async (tasks: number): Promise<Submission> => {
    expect(tasks).toBeLessThanOrEqual(size);
    if (tasks > left) return { tooMany: "job submit limit" };
    left -= tasks;
    sizes.push(tasks);
    return { job: String(sizes.length) };
  };
  return { sizes, submit };
}

test("more tasks than an array holds become several arrays", async () => {
  const { sizes, submit } = site(1_001, 10_000);
  expect(await submitTasks(2_500, 1_001, submit)).toEqual({ tasks: 2_500, jobs: ["1", "2", "3"] });
  expect(sizes).toEqual([1_001, 1_001, 498]);
});

test("where a user may have fewer jobs, as many as there may be are started, and the rest is told", async () => {
  for (const room of [0, 1, 2, 63, 100, 1_000]) {
    const { sizes, submit } = site(64, room);
    const submitted = await submitTasks(1_000, 64, submit);
    expect(submitted.tasks).toBe(room);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(room);
    expect(submitted.limit).toBe(room < 1_000 ? "job submit limit" : undefined);
  }
});
