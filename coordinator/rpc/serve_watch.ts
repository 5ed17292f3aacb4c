import type * as grpc from "@grpc/grpc-js";
import type { SweepStatus } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import type { WatchRequest__Output } from "../../shared/generated/phasesweep/v1/WatchRequest.ts";
import { isOver, type SweepWatch } from "../sweeps/sweep_watch.ts";

/** Streams the progress of a sweep to one who watches it, until it ends. */
export function sendProgress(
  call: grpc.ServerWritableStream<WatchRequest__Output, SweepStatus>,
  watch: SweepWatch,
): void {
  let ended = false;
  let isUnread = false;
  let latest: SweepStatus | undefined;
  const write = (status: SweepStatus) => {
    // One step of the scheduler may report an end twice. To write after end() would destroy the
    // stream without its trailers, and the client would wait for them for ever.
    if (ended) return;
    ended = isOver(status.state);
    // Who reads slowly hears of the latest only, so that nothing piles up.
    if (isUnread && !ended) {
      latest = status;
      return;
    }
    isUnread = true;
    call.write(status, () => {
      isUnread = false;
      const next = latest;
      latest = undefined;
      if (next !== undefined) write(next);
    });
    if (ended) call.end();
  };
  const unsubscribe = watch.subscribe(call.request.sweep, write);
  call.on("cancelled", unsubscribe);
  call.on("close", unsubscribe);
}
