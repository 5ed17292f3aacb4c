import { UsageError } from "../../shared/errors.ts";
import { NO_LOG } from "../../shared/log.ts";
import { isLoopback } from "../../shared/security/loopback.ts";
import type { HostAndPort } from "../http_options.ts";
import { CoordinatorMonitor } from "../serve/coordinator_monitor.ts";
import { onSignals } from "../signals.ts";
import { openBrowser } from "./open_browser.ts";

export interface RunDashboardOptions {
  readonly http?: HostAndPort;
  readonly open?: boolean;
}

/** The dashboard of `run`: one address for all of its sweeps, each of which is a term. */
export class RunDashboard {
  readonly monitor: CoordinatorMonitor;
  readonly url: string;
  /** Whether the last sweep is to be looked at until somebody ends it. */
  readonly stays: boolean;
  /** Ends the coordinator that is kept for that. */
  private closeKept: (() => Promise<void>) | undefined;

  private constructor(monitor: CoordinatorMonitor, stays: boolean) {
    this.monitor = monitor;
    this.url = monitor.url!;
    this.stays = stays;
  }

  /** Undefined where none is wanted. @throws UsageError, FailureError */
  static async open(
    { http, open = false }: RunDashboardOptions,
    note: (line: string) => void,
  ): Promise<RunDashboard | undefined> {
    if (http === undefined && !open) return undefined;
    const place = http ?? { host: "127.0.0.1", port: 0 };
    if (!isLoopback(place.host)) {
      throw new UsageError({
        place: `--http ${place.host}:${place.port}`,
        problem: "other machines reach this address, and `run` knows no credentials",
        fix: "give an address of this machine only, such as 127.0.0.1:9464, and reach it by `ssh -L`; `phasesweep serve --credentials` is for others",
      });
    }
    const monitor = await CoordinatorMonitor.open({ http: place }, NO_LOG);
    const dashboard = new RunDashboard(monitor, open);
    note(`dashboard: ${dashboard.url}`);
    if (open) {
      void openBrowser(dashboard.url, process.env, process.platform).then((problem) => {
        if (problem !== undefined) note(`no browser was opened (${problem}): ${dashboard.url}`);
      });
    }
    return dashboard;
  }

  /** Takes over a coordinator that has done its work: it is shown, and closed later. */
  keep(close: () => Promise<void>): void {
    this.closeKept = close;
    this.monitor.freeze("the run is over, and nothing computes; the same command goes on");
  }

  /** Shows what is kept, if anything is, until a signal comes. */
  async stay(note: (line: string) => void): Promise<void> {
    if (this.closeKept === undefined) return;
    note(`the dashboard stays at ${this.url} until Ctrl-C`);
    await new Promise<void>((resolve) => {
      const ignore = onSignals(["SIGINT", "SIGTERM"], () => {
        ignore();
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    await this.closeKept?.();
    await this.monitor.close();
  }
}
