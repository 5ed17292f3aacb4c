import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { HttpAnswer } from "../../shared/http/http_route.ts";
import { RESULTS_FILE } from "../results/merge.ts";
import { NotFound } from "./api_answers.ts";

const REPORT_FILE = "report.html";
/** A browser is told to ask again after so long without a report. */
const WAIT_MS = 5_000;

/** Its styles and pictures are in it, and nothing in it is to be run or fetched. */
const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/** The report of a results folder, made where it is missing or older than the results. */
export class Reports {
  private readonly clock: Clock;
  private readonly make: (folder: string) => Promise<void>;
  /** Those that are being made, one after another, as each takes a core. */
  private readonly making = new Map<string, Promise<void>>();
  private last: Promise<unknown> = Promise.resolve();
  /** Why reports could not be made, where those who asked had been told to come again. */
  private readonly unheard = new Map<string, unknown>();

  /** `make`: writes report.html of a folder. @throws Error that says why it could not */
  constructor(clock: Clock, make: (folder: string) => Promise<void>) {
    this.clock = clock;
    this.make = make;
  }

  /** @throws NotFound where there are no results, Error where no report can be made */
  async answer(folder: string): Promise<HttpAnswer> {
    if (!(await this.isFresh(folder))) {
      this.throwUnheard(folder);
      const made = this.begin(folder).then(() => true);
      const patience = new Promise<false>((resolve) => {
        const cancel = this.clock.after(WAIT_MS, () => resolve(false));
        made.catch(() => {}).finally(cancel);
      });
      if (!(await Promise.race([made, patience]))) {
        made.catch((error: unknown) => this.unheard.set(folder, error));
        return MADE_LATER;
      }
    }
    return {
      status: 200,
      content_type: "text/html; charset=utf-8",
      body: await readFile(join(folder, REPORT_FILE)),
      headers: { "Content-Security-Policy": REPORT_POLICY },
    };
  }

  private async isFresh(folder: string): Promise<boolean> {
    const changed = async (file: string) =>
      stat(join(folder, file)).then(
        (found) => (found.isFile() ? found.mtimeMs : undefined),
        () => undefined,
      );
    const results_ms = await changed(RESULTS_FILE);
    if (results_ms === undefined) throw new NotFound(`there are no results in ${folder} yet`);
    const report_ms = await changed(REPORT_FILE);
    return report_ms !== undefined && report_ms >= results_ms;
  }

  /** Whoever comes again hears why there is none, and only the one after tries anew. */
  private throwUnheard(folder: string): void {
    if (!this.unheard.has(folder)) return;
    const error = this.unheard.get(folder);
    this.unheard.delete(folder);
    throw error;
  }

  private begin(folder: string): Promise<void> {
    const found = this.making.get(folder);
    if (found !== undefined) return found;
    const made = this.last
      .then(() => this.make(folder))
      .catch((error: unknown) => {
        throw new Error(`the report of ${folder} could not be made: ${messageOf(error)}`);
      })
      .finally(() => this.making.delete(folder));
    this.making.set(folder, made);
    this.last = made.catch(() => {});
    return made;
  }
}

const MADE_LATER: HttpAnswer = {
  status: 202,
  content_type: "text/html; charset=utf-8",
  body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>phasesweep</title>
<p>The report is being made; this page looks again in a moment.</p></html>
`,
  headers: { Refresh: "2" },
};
