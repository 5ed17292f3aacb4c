import type { Argument, Command, Option } from "commander";

/** What may stand at the cursor. */
export interface Candidate {
  readonly word: string;
  readonly about?: string;
}

/** Kinds of values that are looked up while completing. */
export type ValueKind =
  | "sweep_file"
  | "results_folder"
  | "json_file"
  | "folder"
  | "file"
  | "sweep_name";

/** Finds values of a kind that begin with what was typed. */
export type Lookup = (
  kind: ValueKind,
  typed: string,
  options: ReadonlyMap<string, string>,
) => Promise<readonly string[]>;

/** Commands whose folder is that of a finished sweep. */
const RESULTS_COMMANDS: readonly string[] = [
  ...["analyze", "query", "report", "reproduce", "theory", "zoom"],
];

/**
 * What may follow, from the program itself. `words`: what stands on the line after the program's name
 * up to the cursor; the last one is being typed, and may be empty.
 */
export async function complete(
  program: Command,
  words: readonly string[],
  lookup: Lookup,
): Promise<Candidate[]> {
  const line = joinAssignments(words);
  const typed = line.at(-1) ?? "";
  const before = line.slice(0, -1);
  const at = before.findIndex((word) => !word.startsWith("-"));
  const command = program.commands.find((each) => each.name() === before[at]);
  const beginning = (candidates: readonly Candidate[]) =>
    candidates.filter(({ word }) => word.startsWith(typed));
  if (at < 0) return beginning([...commandsOf(program), ...optionsOf(program, new Map())]);
  if (before[at] === "help") return before.length === at + 1 ? beginning(commandsOf(program)) : [];
  if (command === undefined) return [];

  const state = readLine(command, before.slice(at + 1));
  const valued = async (source: Argument | Option, prefix: string): Promise<Candidate[]> => {
    const wanted = typed.slice(prefix.length);
    const kind = kindOf(command, source);
    const values =
      source.argChoices ?? (kind === undefined ? [] : await lookup(kind, wanted, state.options));
    return values
      .filter((value) => value.startsWith(wanted))
      .map((value) => ({ word: `${prefix}${value}` }));
  };
  if (state.awaiting !== undefined) return valued(state.awaiting, "");
  const assignment = /^(--[\w-]+=)/.exec(typed)?.[1];
  if (assignment !== undefined && !state.isOver) {
    const option = optionNamed(command, assignment.slice(0, -1));
    return option === undefined ? [] : valued(option, assignment);
  }
  if (typed.startsWith("-") && !state.isOver) {
    return beginning(optionsOf(command, state.options));
  }
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument =
    registeredArguments[state.arguments] ?? (last?.variadic === true ? last : undefined);
  const values = argument === undefined ? [] : await valued(argument, "");
  // Where there is nothing else to say, what may still be given is.
  return values.length > 0 || typed !== "" || state.isOver
    ? values
    : optionsOf(command, state.options);
}

/** bash makes three words of `--backend=wasm`; without the middle one the option awaits its value. */
function joinAssignments(words: readonly string[]): string[] {
  const isMark = (i: number) => words[i] === "=" && /^--[\w-]+$/.test(words[i - 1] ?? "");
  const joined = words.filter((_, i) => !isMark(i));
  return isMark(words.length - 1) ? [...joined, ""] : joined;
}

interface Line {
  /** Arguments that are there. */
  readonly arguments: number;
  /** Values of options by their names; "" of those that take none. */
  readonly options: ReadonlyMap<string, string>;
  /** The option whose value comes next. */
  readonly awaiting: Option | undefined;
  /** After `--` there are no options any more. */
  readonly isOver: boolean;
}

function readLine(command: Command, words: readonly string[]): Line {
  const options = new Map<string, string>();
  let awaiting: Option | undefined;
  let count = 0;
  let isOver = false;
  for (const word of words) {
    if (awaiting !== undefined) {
      options.set(awaiting.long!, word);
      awaiting = undefined;
    } else if (isOver || word === "-" || !word.startsWith("-")) count++;
    else if (word === "--") isOver = true;
    else {
      const [, name = word, value] = /^(--[\w-]+)=(.*)$/s.exec(word) ?? [];
      const option = optionNamed(command, name);
      if (option === undefined) continue;
      options.set(option.long!, value ?? "");
      if (option.required && value === undefined) awaiting = option;
    }
  }
  return { arguments: count, options, awaiting, isOver };
}

function optionNamed(command: Command, name: string): Option | undefined {
  return command.options.find(({ long, short }) => long === name || short === name);
}

function commandsOf(program: Command): Candidate[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({ word: command.name(), about: command.description() }));
}

function optionsOf(command: Command, used: ReadonlyMap<string, string>): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long !== undefined && !used.has(long))
    .map(({ long, description }) => ({ word: long!, about: description }));
}

/** By what help calls the value. */
function kindOf(command: Command, source: Argument | Option): ValueKind | undefined {
  const name = "flags" in source ? /<(.*?)>/.exec(source.flags)?.[1] : source.name();
  const isOption = "flags" in source;
  switch (name) {
    case "sweep":
      return "sweep_file";
    case "cases":
      return "json_file";
    case "dir":
      return !isOption && RESULTS_COMMANDS.includes(command.name()) ? "results_folder" : "folder";
    case "file":
      return isOption || command.name() !== "init" ? "file" : "sweep_file";
    case "name":
      return isOption ? undefined : "sweep_name";
    default:
      return undefined;
  }
}
