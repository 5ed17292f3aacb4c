import type * as grpc from "@grpc/grpc-js";
import { sha256Hex } from "../../shared/canonical.ts";
import type { CoordinatorMessage__Output } from "../../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { PartHeader } from "../../shared/generated/phasesweep/v1/PartHeader.ts";
import type { PartMessage } from "../../shared/generated/phasesweep/v1/PartMessage.ts";
import type { Register } from "../../shared/generated/phasesweep/v1/Register.ts";
import type { SmallPartReceipts__Output } from "../../shared/generated/phasesweep/v1/SmallPartReceipts.ts";
import type { WorkerMessage } from "../../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { packageVersion } from "../../shared/package_info.ts";
import type { Plan } from "../../shared/plan.ts";
import { connectCoordinator } from "../../shared/rpc.ts";
import runShard, { shardControl } from "../../worker/shard_task.ts";
import { pause } from "./cli.ts";

/** A client that speaks the workers' protocol and says whatever it is told to. */
export class Liar {
  readonly client: ReturnType<typeof connectCoordinator>;

  constructor(address: string) {
    this.client = connectCoordinator(address);
  }

  /** Streams messages as one part; resolves with the outcome, or the error's details. */
  sendMessages(messages: readonly PartMessage[]): Promise<string> {
    return new Promise((resolve) => {
      const stream = this.client.SendPart((error, receipt) => {
        resolve(error === null ? String(receipt?.outcome) : error.details);
      });
      stream.on("error", () => {});
      for (const message of messages) stream.write(message);
      stream.end();
    });
  }

  sendPart(header: PartHeader, bytes: Uint8Array): Promise<string> {
    const chunk = Buffer.from(bytes);
    return this.sendMessages([{ header }, { chunk }]);
  }

  /** The same over the stream of small parts; bytes may be more than those are. */
  sendSmallPart(header: PartHeader | null, bytes: Uint8Array): Promise<string> {
    return new Promise((resolve, reject) => {
      const stream = this.client.SendSmallParts();
      stream.on("error", reject);
      stream.on("data", ({ receipts }: SmallPartReceipts__Output) => {
        const { number, outcome, reason } = receipts[0]!;
        resolve(number === 7 ? reason || outcome : `a receipt for part ${number}`);
        stream.end();
      });
      stream.write({ parts: [{ number: 7, header, bytes: Buffer.from(bytes) }] });
    });
  }

  session(): LiarSession {
    return new LiarSession(this.client.Session());
  }

  close(): void {
    this.client.close();
  }
}

/** One worker's stream, with all that came over it. */
export class LiarSession {
  readonly received: CoordinatorMessage__Output[] = [];
  ended = false;
  private readonly stream: grpc.ClientDuplexStream<WorkerMessage, CoordinatorMessage__Output>;

  constructor(stream: LiarSession["stream"]) {
    this.stream = stream;
    stream.on("data", (message) => this.received.push(message));
    stream.on("error", () => {
      this.ended = true;
    });
    stream.on("end", () => {
      this.ended = true;
    });
  }

  send(message: WorkerMessage): void {
    this.stream.write(message);
  }

  register(changes: Register): void {
    const honest = { worker: "liar", host: "nowhere", version: packageVersion, slots: 1 };
    this.send({ register: { ...honest, numericClasses: ["float64-exact"], held: [], ...changes } });
  }

  /** Resolves with the first message of a kind. */
  async gets<Kind extends "welcome" | "leases" | "cancel" | "refusal">(
    kind: Kind,
  ): Promise<NonNullable<CoordinatorMessage__Output[Kind]>> {
    for (;;) {
      const found = this.received.find((message) => message.message === kind);
      if (found !== undefined) return found[kind]!;
      if (this.ended) throw new Error(`the session ended without ${kind}`);
      await pause(10);
    }
  }

  end(): void {
    this.stream.end();
  }
}

/** A part as an honest worker makes it: its header, and the bytes. */
export async function honestPart(
  plan: Plan,
  group: number,
  offset: number,
  cell_count: number,
): Promise<{ header: PartHeader; bytes: Uint8Array }> {
  const planned = plan.groups[group]!;
  const first_cell = planned.first_cell + offset;
  const control = shardControl(cell_count);
  const { bytes, phases } = await runShard({ group: planned, first_cell, cell_count, control });
  const [lazy = 0, catapult = 0, divergent = 0, unsettled = 0] = phases;
  const header = {
    ...{ worker: "liar", host: "nowhere", lease: "0-1", sweep: plan.name },
    ...{ firstCell: first_cell, cellCount: cell_count, computeMs: 1, startedMs: 1, slot: 1 },
    ...{ bytes: bytes.length, sha256: sha256Hex(bytes) },
    phases: { lazy, catapult, divergent, unsettled },
  };
  return { header, bytes };
}

/** The same header for other bytes. */
export function headerOf(header: PartHeader, bytes: Uint8Array): PartHeader {
  return { ...header, bytes: bytes.length, sha256: sha256Hex(bytes) };
}
