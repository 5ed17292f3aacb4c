import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { revokeHolder } from "../../cli/certificates/credentials_folder.ts";
import { HTTP_STREAMS_MAX } from "../../shared/limits.ts";
import { COORDINATOR_NAME } from "../../shared/security/credentials.ts";
import { Cli, pause } from "../e2e/cli.ts";
import type { Target } from "./target.ts";

interface Sent {
  readonly method?: string;
  /** Whose certificate is shown. */
  readonly as?: string;
  /** Whose token is shown; that of `as` unless told. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What the coordinator's HTTP port answers. */
function ask(target: Target, path: string, sent: Sent = {}): Promise<IncomingMessage> {
  const { method = "GET", as, token = as, headers = {}, body } = sent;
  const [host, port] = target.http.split(":");
  const { ca } = target.identity("read");
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        ...{ host, port, path, method, ca, servername: COORDINATOR_NAME, agent: false },
        ...(as === undefined ? {} : target.identity(as)),
        headers: {
          ...(token === undefined ? {} : { authorization: target.bearer(token) }),
          ...headers,
        },
      },
      resolve,
    );
    request.on("error", reject);
    request.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response) text += chunk;
  return `${response.statusCode}: ${text.trim()}`;
}

const JSON_TYPE = { "content-type": "application/json" };

/** What whoever is not meant well gets of the dashboard. */
export async function dashboardRows(target: Target): Promise<void> {
  target.heading("The dashboard, over HTTPS");
  const row = async (input: string, path: string, sent?: Sent) =>
    target.row(input, await textOf(await ask(target, path, sent)));
  const change = (sent: Sent): Sent => ({
    ...{ method: "POST", as: "submit", ...sent },
    headers: { ...JSON_TYPE, ...sent.headers },
  });
  const pausing = JSON.stringify({ sweep: "x", control: "paused" });
  await row("sweeps without credentials", "/api/plan?sweep=x");
  await row("sweeps with the role work", "/api/plan?sweep=x", { as: "work" });
  await row("a pause by the role read", "/api/control", change({ as: "read", body: pausing }));
  await row(
    "a pause with a stolen token: with another holder's certificate",
    "/api/control",
    change({ as: "read", token: "submit", body: pausing }),
  );
  await row(
    "another site's page that pauses (CSRF)",
    "/api/control",
    change({ body: pausing, headers: { origin: "https://evil.example" } }),
  );
  await row(
    "a form of another site's page",
    "/api/control",
    change({ body: pausing, headers: { "content-type": "text/plain" } }),
  );
  for (const path of ["/assets/../../../etc/passwd", "/assets/%2e%2e/%2e%2e/package.json"]) {
    const got = await textOf(await ask(target, path));
    target.row(`the path ${path}`, got.replace(/there are .*/, "there are …"));
  }
  const sweep = (text: string) => change({ body: JSON.stringify({ sweep_file: text }) });
  await row(
    "a sweep file that reads /etc/passwd",
    "/api/submit",
    sweep(`{name: x, dataset: {csv: /etc/passwd, label: root}, loss: logistic, learning_rate: [1],
      model: {hidden_layers: 0}, seeds: 1}`),
  );
  await row("a sweep file of 2 MB", "/api/submit", sweep("#".repeat(2_000_000)));
  const aliases = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`);
  await row(
    "a sweep file of aliases that grow without end",
    "/api/check",
    sweep(["a0: &a0 [x]", ...aliases].join("\n")),
  );
  await row("a request of 9 MB", "/api/submit", change({ body: Buffer.alloc(9_000_000, " ") }));
  await row("a request that is no JSON", "/api/control", change({ body: "sweep=x" }));
  await row("a sweep called ../x, its report", "/api/report?sweep=../x", { as: "read" });

  await streams(target);
  await gateway(target);
}

async function streams(target: Target): Promise<void> {
  const open = () => ask(target, "/api/stream?fleet=1", { as: "read" });
  const watched = await ask(target, "/api/stream", { as: "watcher" });
  revokeHolder(target.credentials, "watcher");
  const events = await textOf(watched);
  target.row(
    "a token that is revoked while its stream is open",
    `the stream ends with ${/event: goodbye\ndata: .*/.exec(events)![0].replace("\n", ", ")}`,
  );
  // Nobody reads one of these.
  const unread = await Promise.all(Array.from({ length: HTTP_STREAMS_MAX }, open));
  await pause(1_000);
  const meanwhile = await ask(target, "/healthz");
  target.row(
    `${HTTP_STREAMS_MAX} streams that nobody reads`,
    `others are answered meanwhile (${await textOf(meanwhile)})`,
  );
  target.row(`stream ${HTTP_STREAMS_MAX + 1}`, await textOf(await open()));
  for (const response of unread) response.destroy();
}

async function gateway(target: Target): Promise<void> {
  const command = new Cli(
    ...["dashboard", "--no-open", "--json", "--coordinator", target.address],
    ...["--credentials", join(target.credentials, "submit")],
  );
  while (!command.stdout.includes("\n")) await pause(10);
  const { url } = JSON.parse(command.stdout) as { readonly url: string };
  const { host, hostname, port, pathname } = new URL(url);
  const through = (path: string, { method = "GET", headers = {}, body }: Sent = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest({ hostname, port, path, method, headers, agent: false }, resolve)
        .on("error", reject)
        .end(body);
    });
  const row = async (input: string, path: string, sent?: Sent) =>
    target.row(`\`dashboard\`: ${input}`, await textOf(await through(path, sent)));
  await row("a page whose name points here (DNS rebinding)", "/", {
    headers: { host: `evil.example:${port}` },
  });
  await row("another user of the machine", "/api/plan?sweep=x");
  await row("one who guesses the address", `/enter/${"A".repeat(32)}`);
  const entered = await through(pathname);
  const cookie = entered.headers["set-cookie"]![0]!.split(";")[0]!;
  entered.resume();
  await row("one who read the address in a list of processes, afterwards", pathname);
  const pausing = JSON.stringify({ sweep: "x", control: "paused" });
  await row("another site's page, with the cookie", "/api/control", {
    method: "POST",
    headers: { ...JSON_TYPE, cookie, origin: "https://evil.example" },
    body: pausing,
  });
  await row("what is not of the dashboard", "/metrics", { headers: { cookie } });
  await row("its own page", "/api/control", {
    method: "POST",
    headers: { ...JSON_TYPE, cookie, origin: `http://${host}` },
    body: pausing,
  });
  await command.killGroup();
}
