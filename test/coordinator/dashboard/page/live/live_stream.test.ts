import fc from "fast-check";
import { expect, test } from "vitest";
import { EventReader } from "../../../../../coordinator/dashboard/page/live/event_text.ts";
import {
  LiveStream,
  pauseBefore,
} from "../../../../../coordinator/dashboard/page/live/live_stream.ts";

const TEXT =
  ': beat\n\nevent: hello\ndata: {"a":1}\n\ndata: one\ndata:two\n\nevent: empty\n\r\nevent: last\r\ndata: x:y\r\n\r\n';
const EVENTS = [
  { name: "hello", data: '{"a":1}' },
  { name: "message", data: "one\ntwo" },
  { name: "last", data: "x:y" },
];

test("events are read from pieces that are cut anywhere", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: TEXT.length })), (cuts) => {
      const reader = new EventReader();
      const ends = [...cuts.sort((a, b) => a - b), TEXT.length];
      let from = 0;
      const events = ends.flatMap((end) => {
        const piece = TEXT.slice(from, end);
        from = end;
        return reader.read(piece);
      });
      expect(events).toEqual(EVENTS);
    }),
  );
});

test("pauses double up to a limit and differ from page to page", () => {
  expect([0, 1, 2, 9].map((attempt) => pauseBefore(attempt, 0))).toEqual([500, 1000, 2000, 15_000]);
  expect(pauseBefore(9, 1)).toBe(22_500);
});

/** A browser whose answers and pauses are the test's. */
function scripted(answers: (() => Response)[]) {
  const asked: string[] = [];
  const pauses: { callback: () => void; delay_ms: number }[] = [];
  const told: string[] = [];
  const browser = {
    fetch: async (path: string) => {
      asked.push(path);
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError("Failed to fetch");
      return answer();
    },
    later: (callback: () => void, delay_ms: number) => {
      const pause = { callback, delay_ms };
      // Of one that waits for silence nothing is to come.
      if (delay_ms < 20_000) pauses.push(pause);
      return () => {
        if (pauses.includes(pause)) pauses.splice(pauses.indexOf(pause), 1);
      };
    },
    random: () => 0,
  };
  const stream = new LiveStream(browser, {
    event: ({ name }) => told.push(name),
    connection: ({ state, reason }) => told.push(`${state}: ${reason}`),
  });
  return { stream, asked, pauses, told };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function refusal(status: number, error: string) {
  return () => new Response(JSON.stringify({ error }), { status });
}

const said = (text: string) => () => new Response(text, { status: 200 });

test("refusals are told with their reason, and the stream is tried again", async () => {
  const hello = 'event: hello\ndata: {}\n\nevent: goodbye\ndata: {"reason":"node1 ends"}\n\n';
  const { stream, asked, pauses, told } = scripted([
    refusal(503, "node2 stands by"),
    refusal(401, "no token"),
    said(hello),
    () => new Response("not JSON\n", { status: 500 }),
  ]);
  stream.follow({ sweep: "a b", fleet: true });
  for (let i = 0; i < 5; i++) {
    await settled();
    await settled();
    if (i < 4) pauses.pop()!.callback();
  }
  expect(told).toEqual([
    "standby: node2 stands by",
    "signed_out: no token",
    "hello",
    "goodbye",
    "reconnecting: node1 ends",
    "reconnecting: not JSON",
    "reconnecting: the coordinator cannot be reached",
  ]);
  expect(new Set(asked)).toEqual(new Set(["api/stream?sweep=a+b&fleet=1"]));
  // A hello begins the pauses anew: 500 ms, 1 s, then 500 ms, 1 s, 2 s.
  expect(pauses.map(({ delay_ms }) => delay_ms)).toEqual([2000]);
});

test("other topics are another stream at once, and none is no stream", async () => {
  const { stream, asked, pauses, told } = scripted([refusal(503, "wait")]);
  stream.follow({ sweep: null, fleet: false });
  await settled();
  await settled();
  expect(pauses.length).toBe(1);
  stream.follow({ sweep: null, fleet: false });
  stream.follow({ sweep: "a", fleet: false });
  expect(asked).toEqual(["api/stream?", "api/stream?sweep=a"]);
  stream.follow(null);
  await settled();
  expect(pauses).toEqual([]);
  expect(told.at(-1)).toBe("asleep: ");
});
