import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import { expect } from "vitest";
import { packageVersion } from "../../shared/package_info.ts";
import { coordinatorService } from "../../shared/rpc.ts";
import { ROLES } from "../../shared/security/roles.ts";
import { Cli, phasesweep, sha256Of, sweepFile } from "../e2e/cli.ts";
import { answerTo, encoded } from "./raw.ts";
import type { Target } from "./target.ts";

/** Floods a coordinator while a sweep runs, and looks for secrets wherever others can read. */
export async function floods(target: Target, text: string): Promise<void> {
  target.heading("Floods, while a sweep runs to its right sha256");
  const sweep = sweepFile(target.folder, text);
  const undisturbed = join(target.folder, "undisturbed");
  expect(await phasesweep("run", sweep, "--results", undisturbed)).toMatchObject({ code: 0 });
  const with_ = (role: string) => [
    "--coordinator",
    target.address,
    "--credentials",
    join(target.credentials, role),
  ];
  const worker = new Cli("worker", ...with_("work"), "--slots", "1");
  const submitting = phasesweep("submit", sweep, ...with_("submit"), "--watch");

  const [reader, flooder] = [target.as("read"), target.as("work")];
  const refusals = async (answers: Promise<string>[]) => {
    const all = await Promise.all(answers);
    const refused = all.filter((answer) => answer.startsWith("RESOURCE_EXHAUSTED"));
    expect(refused.length).toBeGreaterThan(0);
    // Which of the two comes first is a matter of time.
    const named = /\((UNARY_CALLS_MAX|CALLS_PER_SECOND_MAX)\)/;
    expect(refused.filter((answer) => !named.test(answer))).toEqual([]);
    return "RESOURCE_EXHAUSTED for most, with UNARY_CALLS_MAX or CALLS_PER_SECOND_MAX as the reason";
  };
  target.row(
    "4,000 calls at once",
    await refusals(Array.from({ length: 4_000 }, () => target.status(reader))),
  );
  const renewal = encoded("Session", { renew: { leases: [] } });
  const register = encoded("Session", {
    register: { worker: "flood", host: "h", version: packageVersion, slots: 1 },
  });
  target.row(
    "20,000 messages of a session at once",
    await answerTo(flooder, "Session", register, ...Array(20_000).fill(renewal)),
  );
  const watchers = Array.from({ length: 300 }, () => {
    const one = target.as("read");
    return answerTo(one, "Watch", encoded("Watch", { sweep: "right" }));
  });
  const datasets = Array.from({ length: 20 }, (_, i) => {
    const digest = i.toString(16).padStart(64, "0");
    const stream = target.as("submit").makeClientStreamRequest(
      coordinatorService.SendDataset.path,
      (x: Buffer) => x,
      (x: Buffer) => x,
      () => {},
    );
    const answer = new Promise<string>((resolve) => {
      stream.on("error", () => {});
      stream.on("status", ({ code, details }: grpc.StatusObject) =>
        resolve(code === 8 ? `RESOURCE_EXHAUSTED: ${details}` : String(code)),
      );
    });
    stream.write(encoded("SendDataset", { header: { digest, bytes: 1_000 } }));
    return { stream, answer };
  });
  target.row(
    "20 data sets that are begun and not ended",
    await Promise.race(datasets.map(({ answer }) => answer)),
  );
  for (const { stream } of datasets) stream.cancel();

  const finished = await submitting;
  expect([finished.code, finished.stderr]).toEqual([0, finished.stderr]);
  await Promise.all(watchers);
  const merged = join(target.results, "right", "results.parquet");
  expect(sha256Of(merged)).toBe(sha256Of(join(undisturbed, "results.parquet")));
  expect(target.coordinator.process.exitCode).toBeNull();

  // Nothing secret is anywhere that others read.
  const secrets = [
    ...ROLES.map((role) => target.bearer(role).slice("Bearer ".length)),
    "PRIVATE KEY",
  ];
  const seen = [
    target.coordinator.stderr,
    target.coordinator.stdout,
    worker.stderr,
    worker.stdout,
    finished.stderr,
    finished.stdout,
  ];
  for (const name of readdirSync("/proc").filter((pid) => /^\d+$/.test(pid))) {
    for (const what of ["cmdline", "environ"]) {
      try {
        seen.push(readFileSync(`/proc/${name}/${what}`, "latin1"));
      } catch {
        // It ended meanwhile, or is another's.
      }
    }
  }
  const below = (path: string): void => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) below(join(path, name));
    else seen.push(readFileSync(path, "latin1"));
  };
  below(target.results);
  for (const secret of secrets) expect(seen.filter((text) => text.includes(secret))).toEqual([]);
  await worker.killGroup();
}
