import { existsSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { syncPath, writeDurably } from "../../coordinator/results/durable_file.ts";
import { systemClock } from "../../shared/clock.ts";
import { UsageError } from "../../shared/errors.ts";
import { packageRoot } from "../../shared/package_info.ts";
import { shellWord } from "../../shared/shell_word.ts";
import {
  type Answers,
  readBudget,
  readData,
  readDataAndLoss,
  readFind,
  readLoss,
} from "../init/answers.ts";
import { type Asker, QUESTIONS, terminalAsker } from "../init/ask.ts";
import { makeSweep } from "../init/make_sweep.ts";
import { ownData } from "../init/own_data.ts";
import { machineProbe } from "../init/probe.ts";
import { formatCount, formatRoughly } from "../text/format.ts";

export interface InitOptions {
  readonly data?: string;
  readonly loss?: string;
  readonly find?: string;
  readonly budget?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Asks what is to be found, and writes a commented sweep file for it. @throws UsageError */
export async function initCommand(path: string, options: InitOptions): Promise<void> {
  checkPlace(path);
  const answers = withColumns(await answersOf(options), dirname(path));
  const made = await makeSweep(
    answers,
    path,
    { name: nameOf(path), schema: schemaFrom(dirname(path)) },
    { probe: machineProbe(systemClock), cores: availableParallelism() },
  );
  checkPlace(path);
  await writeDurably(path, Buffer.from(made.text));
  await syncPath(dirname(path));
  const { cells, seconds_estimated } = made;
  if (options.json) {
    const document = { file: path, cells, seconds_estimated, answers };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const word = shellWord(path);
  const most = answers.find === "boundaries" ? "at most " : "";
  process.stdout.write(
    `${path}: ${most}${formatCount(cells)} cells, about ${formatRoughly(1000 * seconds_estimated)} on this machine while it does nothing else\n` +
      `  see what it computes: phasesweep plan ${word}\n  compute it:           phasesweep run ${word}\n`,
  );
}

/** With what a sweep file must say of a CSV file beside its path. @throws UsageError */
function withColumns(answers: Answers, folder: string): Answers {
  const { data } = answers;
  return typeof data === "string" ? answers : { ...answers, data: ownData(data.csv, folder) };
}

/** From the flags, and a person where one is there for what they leave open. */
async function answersOf({ data, loss, find, budget, yes }: InitOptions): Promise<Answers> {
  const isComplete = data !== undefined && find !== undefined && budget !== undefined;
  const isAsked = !isComplete && yes !== true;
  if (isAsked && process.stdin.isTTY !== true) {
    throw new UsageError({
      place: "phasesweep init",
      problem: "there is no terminal on which it could ask",
      fix: "give --data, --find and --budget, or --yes for the defaults of what is left out",
    });
  }
  // What is wrong already is said before anything is asked.
  const given = {
    ...(data === undefined ? {} : { data: readData(data, "--data") }),
    ...(loss === undefined ? {} : { loss: readLoss(loss, "--loss") }),
    ...(find === undefined ? {} : { find: readFind(find, "--find") }),
    ...(budget === undefined ? {} : { budget: readBudget(budget, "--budget") }),
  };
  const asker = isAsked ? terminalAsker() : PRESETS;
  try {
    const { data: about, ...other } = QUESTIONS;
    const first =
      given.data === undefined
        ? await asker.ask(about.text, about.preset, (text) => readDataAndLoss(text, "data"))
        : { data: given.data, loss: "logistic" as const };
    return {
      data: first.data,
      loss: given.loss ?? first.loss,
      find:
        given.find ??
        (await asker.ask(other.find.text, other.find.preset, (text) => readFind(text, "find"))),
      budget:
        given.budget ??
        (await asker.ask(other.budget.text, other.budget.preset, (text) =>
          readBudget(text, "budget"),
        )),
    };
  } finally {
    asker.close();
  }
}

/** Takes the default of every question. */
const PRESETS: Asker = {
  ask: async (_, preset, read) => read(preset),
  close() {},
};

/** @throws UsageError where a file is there already, or cannot be */
function checkPlace(path: string): void {
  const folder = dirname(path);
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder && !existsSync(path)) return;
  throw new UsageError(
    isFolder
      ? {
          place: path,
          problem: "it is there already, and nothing is overwritten",
          fix: "give another path: `phasesweep init other.yaml`",
        }
      : { place: path, problem: `there is no folder ${folder}`, fix: "make it first" },
  );
}

/** "my süß sweep.yaml" → "my-suss-sweep" */
function nameOf(path: string): string {
  const stem = basename(path).replace(/\.(ya?ml)$/i, "");
  const plain = stem
    .replaceAll("ß", "ss")
    .normalize("NFKD")
    .replaceAll(/\p{Mark}/gu, "");
  const name = plain.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name.slice(0, 100).replace(/-+$/, "") || "sweep";
}

/** Where editors find the schema, from the folder of the file. */
function schemaFrom(folder: string): string {
  return relative(resolve(folder), join(packageRoot, "sweeps", "sweep.schema.json"));
}
