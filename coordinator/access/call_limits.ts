import * as grpc from "@grpc/grpc-js";
import type { Clock } from "../../shared/clock.ts";
import {
  CALLS_BURST_MAX,
  CALLS_PER_SECOND_MAX,
  DATASETS_INCOMING_MAX,
  DATASETS_OUTGOING_MAX,
  PARTS_INCOMING_MAX,
  SUBMISSIONS_MAX,
  UNARY_CALLS_MAX,
  UPLOAD_SILENCE_MS_MAX,
  WATCHERS_MAX,
  WORKERS_MAX,
} from "../../shared/limits.ts";
import { Rate } from "./rate.ts";
import { BadRequest } from "./requests.ts";

/** Calls of a kind that may be open at the same time. */
interface OpenLimit {
  readonly name: string;
  readonly max: number;
}

const SERVICE = "/phasesweep.v1.Coordinator/";
const OPEN_LIMITS: Readonly<Record<string, OpenLimit>> = {
  [`${SERVICE}Submit`]: { name: "SUBMISSIONS_MAX", max: SUBMISSIONS_MAX },
  [`${SERVICE}SendDataset`]: { name: "DATASETS_INCOMING_MAX", max: DATASETS_INCOMING_MAX },
  [`${SERVICE}GetDataset`]: { name: "DATASETS_OUTGOING_MAX", max: DATASETS_OUTGOING_MAX },
  [`${SERVICE}SendPart`]: { name: "PARTS_INCOMING_MAX", max: PARTS_INCOMING_MAX },
  // One that comes back may be there twice for a moment.
  [`${SERVICE}Session`]: { name: "WORKERS_MAX", max: 2 * WORKERS_MAX },
  [`${SERVICE}SendSmallParts`]: { name: "WORKERS_MAX", max: 2 * WORKERS_MAX },
};
const UNARY: OpenLimit = { name: "UNARY_CALLS_MAX", max: UNARY_CALLS_MAX };
const STREAMS: OpenLimit = { name: "WATCHERS_MAX", max: WATCHERS_MAX };

/** The share of a limit that one connection may take, so that others find room. */
const CONNECTION_SHARE = 1 / 4;

/** Calls after which rates of connections that are long gone are forgotten. */
const FORGET_CALLS = 1_000;

/**
 * The limits that hold for every method: how many calls a connection begins, how many of a kind are
 * open, and how long one that hands something in may be silent. It also gives bad requests their
 * status.
 */
export function callLimits(clock: Clock): grpc.ServerInterceptor {
  const rates = new Map<string, Rate>();
  const open = new Map<string, number>();
  let begun = 0;

  const forgetRates = (now_ms: number) => {
    for (const [peer, rate] of rates) if (rate.isFull(now_ms)) rates.delete(peer);
  };
  const count = (key: string, change: number): number => {
    const now = (open.get(key) ?? 0) + change;
    if (now === 0) open.delete(key);
    else open.set(key, now);
    return now;
  };

  /** Why the call is one too many, or undefined. */
  const refusal = (peer: string, kind: OpenLimit): string | undefined => {
    const now_ms = clock.nowMs();
    if (++begun % FORGET_CALLS === 0) forgetRates(now_ms);
    const rate = rates.get(peer) ?? new Rate(CALLS_PER_SECOND_MAX, CALLS_BURST_MAX, now_ms);
    rates.set(peer, rate);
    if (!rate.take(now_ms)) {
      return `this connection begins more than ${CALLS_PER_SECOND_MAX} calls a second (CALLS_PER_SECOND_MAX); slower`;
    }
    const share = Math.max(1, Math.ceil(kind.max * CONNECTION_SHARE));
    if ((open.get(`${kind.name} ${peer}`) ?? 0) >= share) {
      return `this connection has ${share} such calls open, its share of ${kind.max} (${kind.name}); try again later`;
    }
    if ((open.get(kind.name) ?? 0) >= kind.max) {
      return `${kind.max} such calls are open already (${kind.name}); try again later`;
    }
    return undefined;
  };

  return (method, call) => {
    const isUpload = method.requestStream && !method.responseStream;
    const isStream = method.requestStream || method.responseStream;
    const kind = OPEN_LIMITS[method.path] ?? (isStream ? STREAMS : UNARY);
    const peer = call.getPeer();
    let isCounted = false;
    let cancelSilence = () => {};
    const over = () => {
      cancelSilence();
      if (!isCounted) return;
      isCounted = false;
      count(kind.name, -1);
      count(`${kind.name} ${peer}`, -1);
    };
    const refuse = (code: grpc.status, details: string) => {
      over();
      call.sendStatus({ code, details });
    };
    const expectMore = () => {
      cancelSilence();
      cancelSilence = clock.after(UPLOAD_SILENCE_MS_MAX, () => {
        const details = `nothing came for ${UPLOAD_SILENCE_MS_MAX} ms (UPLOAD_SILENCE_MS_MAX)`;
        refuse(grpc.status.UNAVAILABLE, details);
      });
    };
    return new grpc.ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, forward) {
            const problem = refusal(peer, kind);
            if (problem !== undefined) {
              refuse(grpc.status.RESOURCE_EXHAUSTED, problem);
              return;
            }
            isCounted = true;
            count(kind.name, 1);
            count(`${kind.name} ${peer}`, 1);
            if (isUpload) expectMore();
            forward(metadata);
          },
          onReceiveMessage(message, forward) {
            if (message instanceof BadRequest) {
              refuse(message.code, message.details);
              return;
            }
            if (isUpload) expectMore();
            forward(message);
          },
          onReceiveHalfClose(forward) {
            cancelSilence();
            forward();
          },
          onCancel: over,
        });
      },
      sendStatus(status, next) {
        over();
        next(status);
      },
    });
  };
}
