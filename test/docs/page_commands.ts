import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../shared/package_info.ts";
import { isCommandName, optionProblem } from "../deploy/option_problem.ts";
import { simpleCommands } from "./shell_words.ts";

/**
 * What is done with a command of a page: it is run, started in the background, or only looked at
 * because it needs a cluster, a name that the reader puts in, or minutes.
 */
export type Treatment = "run" | "background" | "parse";

/** Commands that ask for a fleet that is not there, but in the pages that start one. */
const OF_FLEETS =
  /^phasesweep (serve|worker|submit|pause|resume|cancel|prioritize|status|health|slurm|dashboard|watch|fetch|certs)\b/;
/** Names that readers put in themselves. */
const PLACEHOLDER = /\b(SWEEP|DIR|NAME|CELL|CASES|HOST|PORT|PLACE|FILE|COMMAND)\b|…/;
/** What takes minutes, or images that not every machine has; and cases that a test of its own runs. */
const LONG =
  /sweeps\/paper\/\*|--open|figure4|run sweeps\/(fractal|widths|boundaries)|maps\/large|results\/figure1 |(trace|locate) \S+\.json/;

/** Pages in which a fleet is started on this machine. */
export const FLEET_PAGES: readonly string[] = ["docs/tutorial.md"];

export function treatmentOf(page: string, text: string): Treatment {
  if (USAGE.test(text)) return "parse";
  const line = withoutInstall(text);
  if (/^(cmp|sha256sum|ls) /.test(line)) return "run";
  if (!line.startsWith("phasesweep ") || PLACEHOLDER.test(withoutQuoted(line))) return "parse";
  if (page === "docs/commands.md" || page.startsWith("deploy/") || LONG.test(line)) return "parse";
  if (!OF_FLEETS.test(line)) return "run";
  if (!FLEET_PAGES.includes(page)) return "parse";
  return /^phasesweep (serve|worker)\b/.test(line) ? "background" : "run";
}

/** Programs of others that pages may name: their options are theirs, so only the shell is checked. */
const OTHERS =
  /^(cmp|sha256sum|ls|head|git|cd|mkdir|cp|scp|install|export|apt-get|systemctl|journalctl|kubectl|kustomize|docker|pg_dump|createdb|psql|sbatch|squeue|openssl|umask|printf|curl|echo|jq|grpcurl|python3?|pip|R|Rscript|duckdb|source)$/;

/** Lines that say how a command is used, which no shell would take. */
const USAGE = /^phasesweep [a-z]+( [\w.]+)* [[<]/;

/** What is wrong with a command that is not run, or undefined. */
export function commandProblem(page: string, text: string): string | undefined {
  if (USAGE.test(text)) {
    const name = text.split(" ")[1]!;
    return isCommandName(name) ? undefined : `there is no command ${name}`;
  }
  const shell = spawnSync("bash", ["-n"], { input: text, encoding: "utf8" });
  if (shell.status !== 0) return shell.stderr.trim();
  for (const words of simpleCommands(text.replace(/^\(|\)$/g, ""))) {
    const args = words.filter((word, i) => i > 0 || !/^[A-Z_]+=/.test(word));
    if (args[0] === "npx") args.shift();
    const [program, ...rest] = args;
    if (program === undefined || OTHERS.test(program)) continue;
    const problem =
      program === "phasesweep"
        ? phasesweepProblem(page, rest)
        : program === "npm"
          ? npmProblem(rest)
          : (program === "node" && existsSync(join(packageRoot, rest[0] ?? ""))) ||
              existsSync(join(packageRoot, "node_modules/.bin", program))
            ? undefined
            : `no test knows the program ${program}`;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function phasesweepProblem(page: string, args: readonly string[]): string | undefined {
  const missing = args.find(
    (arg) => arg.startsWith("sweeps/") && !arg.includes("*") && !existsSync(join(packageRoot, arg)),
  );
  if (missing !== undefined) return `there is no ${missing}`;
  const problem = optionProblem(args.map(putIn));
  return problem === undefined ? undefined : `${page}: phasesweep ${args.join(" ")}: ${problem}`;
}

/** A reader's own values in place of the names that stand for them. */
function putIn(arg: string): string {
  return arg
    .replace(/\bHOST:PORT\b/, "host:7070")
    .replace(/\bHOST:(?=\d)/, "host:")
    .replace(/^(CELL|PORT|SECONDS|MINUTES|N)$/, "7");
}

function npmProblem(args: readonly string[]): string | undefined {
  const { scripts } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
  if (args[0] !== "run")
    return /^(ci|install|test|pack|link|i)$/.test(args[0] ?? "") ? undefined : `npm ${args[0]}`;
  return scripts[args[1]!] === undefined ? `there is no script ${args[1]}` : undefined;
}

/** What is left of a command where the packages are there already, and `phasesweep` is on the path. */
export function withoutInstall(text: string): string {
  return text.replace(/^npm ci && /, "").replace(/^npx /, "");
}

function withoutQuoted(line: string): string {
  return line.replace(/"[^"]*"|'[^']*'/g, "");
}
