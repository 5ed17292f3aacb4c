import * as grpc from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import type { SmallPartReceipts } from "../../shared/generated/phasesweep/v1/SmallPartReceipts.ts";
import type { SmallParts__Output } from "../../shared/generated/phasesweep/v1/SmallParts.ts";
import { coordinatorService, newServer } from "../../shared/rpc.ts";
import { GrpcLink } from "../../worker/link.ts";

type Call = grpc.ServerDuplexStream<SmallParts__Output, SmallPartReceipts>;

let server: grpc.Server | undefined;
let link: GrpcLink | undefined;
afterEach(() => {
  link?.close();
  server?.forceShutdown();
});

/** A coordinator that does with each message of parts what the test says. */
async function serve(received: (message: SmallParts__Output, call: Call) => void): Promise<void> {
  server = newServer();
  const unused = () => {};
  server.addService(coordinatorService, {
    ...Object.fromEntries(Object.keys(coordinatorService).map((name) => [name, unused])),
    SendSmallParts(call: Call) {
      call.on("data", (message: SmallParts__Output) => received(message, call));
      call.on("error", () => {});
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server!.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  link = new GrpcLink({ coordinator: `127.0.0.1:${port}` });
}

const send = (lease: string) => link!.sendPart({ lease }, Buffer.from(lease));

test("parts of one moment go in one message, and receipts find their parts in any order", async () => {
  const messages: string[][] = [];
  await serve(({ parts }, call) => {
    messages.push(parts.map(({ bytes }) => bytes.toString()));
    const receipts = parts.map(({ number, header }) => ({
      number,
      outcome: { a: "committed", b: "duplicate", c: "torn", d: "refused", e: "retry" }[
        header!.lease
      ]!,
      reason: `reason of ${header!.lease}`,
    }));
    call.write({ receipts: receipts.reverse() });
  });
  const outcomes = await Promise.allSettled(["a", "b", "c", "d", "e"].map(send));
  expect(messages).toEqual([["a", "b", "c", "d", "e"]]);
  expect(outcomes).toMatchObject([
    { status: "fulfilled" },
    { status: "fulfilled" },
    { status: "rejected", reason: { message: "reason of c", passing: true } },
    { status: "rejected", reason: { message: "reason of d", passing: false } },
    { status: "rejected", reason: { message: "reason of e", passing: true } },
  ]);
});

test("many parts go in several messages", async () => {
  const sizes: number[] = [];
  await serve(({ parts }, call) => {
    sizes.push(parts.length);
    call.write({ receipts: parts.map(({ number }) => ({ number, outcome: "committed" })) });
  });
  const bytes = Buffer.alloc(50_000);
  await Promise.all(Array.from({ length: 10 }, () => link!.sendPart({}, bytes)));
  expect(sizes).toEqual([3, 3, 3, 1]);
});

test.each([
  ["ends", (call: Call) => call.end()],
  [
    "breaks",
    (call: Call) => call.emit("error", { code: grpc.status.UNAVAILABLE, details: "gone" }),
  ],
])(
  "a stream that %s fails what is on its way, passingly, and the next part opens another",
  async (_, stop) => {
    let streams = 0;
    await serve(({ parts }, call) => {
      streams++;
      if (streams === 1) stop(call);
      else call.write({ receipts: parts.map(({ number }) => ({ number, outcome: "committed" })) });
    });
    const lost = await Promise.allSettled([send("a"), send("b")]);
    expect(lost).toMatchObject([
      { status: "rejected", reason: { passing: true } },
      { status: "rejected", reason: { passing: true } },
    ]);
    await send("a");
    expect(streams).toBe(2);
  },
);

test("a part for a link that is closed fails", async () => {
  await serve(() => {});
  link!.close();
  await expect(send("a")).rejects.toMatchObject({ passing: false });
});
