import { Agent, createServer, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Entrance } from "../../../cli/dashboard/entrance.ts";
import { Gateway } from "../../../cli/dashboard/gateway.ts";
import type { Upstream } from "../../../cli/dashboard/upstream.ts";
import { HandClock } from "../../hand_clock.ts";

const COOKIE = "phasesweep_id=session";
const open: { readonly server: Server; readonly agent?: Agent }[] = [];
let clock: HandClock;
let first: Place;
let second: Place;
/** Whoever leads; null: nobody does. */
let leader: Place | null;
let looks: number;
let address: string;

/** A coordinator's HTTP port, at which streams are what the test says. */
class Place {
  readonly streams: ServerResponse[] = [];
  readonly name: string;
  address = "";

  constructor(name: string) {
    this.name = name;
  }

  async start(): Promise<this> {
    const server = createServer((asked, answer) => {
      // The plan is what this one never says.
      if (asked.url === "/api/plan" && this.name === "first") return;
      const isStream = asked.url === "/api/stream";
      answer.writeHead(200, { "content-type": isStream ? "text/event-stream" : "text/plain" });
      if (!isStream) {
        answer.end(this.name);
        return;
      }
      answer.write(this.name);
      this.streams.push(answer);
    });
    this.address = await listening(server);
    return this;
  }

  /** As `find` makes it: another one each time. */
  upstream(): Upstream {
    const agent = new Agent({ keepAlive: true });
    open.push({ server: createServer(), agent });
    const [host, port] = this.address.split(":");
    return {
      address: this.address,
      send: (method, path, headers) =>
        request({ host, port, agent, method, path, headers: { ...headers } }),
      close: () => agent.destroy(),
    };
  }
}

function listening(server: Server): Promise<string> {
  open.push({ server });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}

beforeEach(async () => {
  clock = new HandClock();
  [first, second] = await Promise.all([new Place("first").start(), new Place("second").start()]);
  leader = first;
  looks = 0;
  const gateway = new Gateway({
    clock,
    entrance: new Entrance({ ticket: "ticket", session: "session", id: "id" }),
    find: async () => {
      looks++;
      if (leader === null) throw new Error("nobody leads");
      return leader.upstream();
    },
  });
  address = await listening(createServer(gateway.listener));
});
afterEach(() => {
  for (const { server, agent } of open.splice(0)) {
    agent?.destroy();
    server.closeAllConnections();
    server.close();
  }
});

interface Read {
  text: string;
  isOver: boolean;
}

/** Asks the gateway as the browser that was let in; what comes is gathered. */
function get(path: string): Read {
  const read: Read = { text: "", isOver: false };
  const over = () => {
    read.isOver = true;
  };
  const sent = request(`http://${address}${path}`, { headers: { cookie: COOKIE }, agent: false });
  sent.on("error", over);
  sent.on("response", (answer) => {
    answer.on("data", (text) => {
      read.text += text;
    });
    answer.on("error", () => {});
    answer.on("close", over);
  });
  sent.end();
  return read;
}

/** Lets a silence pass, after which the gateway has looked once more. */
async function silence(duration_ms: number): Promise<void> {
  const before = looks;
  clock.pass(duration_ms);
  await expect.poll(() => looks).toBe(before + 1);
  // What follows from the look has happened when something else was asked and answered.
  const other = get("/api/other");
  await expect.poll(() => other.isOver).toBe(true);
}

test("a stream that is silent is kept while nobody else leads, and left when another does", async () => {
  const stream = get("/api/stream");
  await expect.poll(() => stream.text).toBe("first");
  const looked = looks;
  clock.pass(7_000);
  first.streams[0]!.write(" beat");
  await expect.poll(() => stream.text).toBe("first beat");
  // Since something came, less than the silence has passed.
  clock.pass(7_000);
  expect(looks).toBe(looked);

  await silence(1_000);
  leader = null;
  await silence(2_000);
  expect(stream.isOver).toBe(false);
  first.streams[0]!.write(" late");
  await expect.poll(() => stream.text).toBe("first beat late");

  leader = second;
  clock.pass(8_000);
  await expect.poll(() => stream.isOver).toBe(true);
  const next = get("/api/stream");
  await expect.poll(() => next.text).toBe("second");
});

test("what a leader that stands still never answered is asked of the next", async () => {
  const plan = get("/api/plan");
  await expect.poll(() => clock.isIdle).toBe(false);
  leader = second;
  clock.pass(8_000);
  await expect.poll(() => plan.text).toBe("second");
  await expect.poll(() => plan.isOver && clock.isIdle).toBe(true);
});
