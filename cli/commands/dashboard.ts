import { randomBytes } from "node:crypto";
import { systemClock } from "../../shared/clock.ts";
import type { Connection } from "../../shared/connection.ts";
import { FailureError } from "../../shared/errors.ts";
import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import { listen } from "../../shared/http/http_server.ts";
import { call } from "../../shared/rpc.ts";
import { withCoordinator } from "../coordinator_client.ts";
import { ENTRANCE_PATH, Entrance } from "../dashboard/entrance.ts";
import { Gateway } from "../dashboard/gateway.ts";
import { openBrowser } from "../dashboard/open_browser.ts";
import { findUpstream } from "../dashboard/upstream.ts";
import { onSignals } from "../signals.ts";

export interface DashboardCommandOptions extends Connection {
  readonly port: number;
  readonly open: boolean;
  readonly json?: boolean;
}

const SECRET_BYTES = 24;
const ID_BYTES = 6;

/** Brings the dashboard of a coordinator to a browser of this machine, until a signal ends it. */
export async function dashboardCommand({
  port,
  open,
  json,
  ...connection
}: DashboardCommandOptions): Promise<void> {
  await requireDashboard(connection);
  const ticket = secret();
  const gateway = new Gateway({
    clock: systemClock,
    entrance: new Entrance({ ticket, session: secret(), id: secret(ID_BYTES) }),
    find: () => findUpstream(connection, systemClock),
  });
  const server = await listen(
    { host: "127.0.0.1", port, flag: `--port ${port}` },
    gateway.listener,
  );
  const url = `http://${server.address}${ENTRANCE_PATH}${ticket}`;
  process.stdout.write(json ? `${JSON.stringify({ url })}\n` : `dashboard: ${url}\n`);
  if (open) {
    const problem = await openBrowser(url, process.env, process.platform);
    if (problem !== undefined) {
      process.stderr.write(`no browser was opened (${problem}); open that address in one\n`);
    }
  }
  await new Promise<void>((resolve) => {
    onSignals(["SIGINT", "SIGTERM"], () => resolve());
  });
  await server.close();
  gateway.close();
}

/** Looks once, so that what is wrong is said before a browser opens. @throws FailureError */
async function requireDashboard(connection: Connection): Promise<void> {
  const { http } = await withCoordinator(connection, (client) =>
    call<GetStatusResponse__Output>((callback) => client.GetStatus({}, callback)),
  );
  if (http !== null) return;
  throw new FailureError({
    place: connection.coordinator,
    problem: "the coordinator has no HTTP port, and so no dashboard",
    fix: "start it with `phasesweep serve --http HOST:PORT`",
  });
}

function secret(bytes = SECRET_BYTES): string {
  return randomBytes(bytes).toString("base64url");
}
