import type { Command, CommanderError } from "commander";
import { nearest, type Problem } from "../../shared/errors.ts";
import { otherNameOf } from "./other_names.ts";

/** What commander found wrong with the arguments of a command; help and version come this way too. */
export class CommandLineError extends Error {
  readonly command: Command;
  override readonly cause: CommanderError;

  constructor(command: Command, cause: CommanderError) {
    super(cause.message);
    this.name = "CommandLineError";
    this.command = command;
    this.cause = cause;
  }
}

/** "phasesweep certs" */
export function commandPath(command: Command): string {
  const before = command.parent === null ? "" : `${commandPath(command.parent)} `;
  return `${before}${command.name()}`;
}

/** Says in the words of this program which argument is wrong, and what mends it. */
export function commandLineProblem({ command, cause }: CommandLineError): Problem {
  const place = commandPath(command);
  const [line = "", hint = ""] = cause.message.replace(/^error: /, "").split("\n");
  const guess = /Did you mean (?:one of )?(.+)\?/.exec(hint)?.[1];
  const help = `\`${place} --help\` lists what there is`;
  const fix = guess === undefined ? help : `write ${guess}`;
  switch (cause.code) {
    case "commander.unknownCommand": {
      const other = otherNameOf(/'(.*)'/s.exec(line)?.[1] ?? "");
      return { place, problem: line, fix: other === undefined ? fix : `write ${other}` };
    }
    case "commander.invalidArgument":
      return invalidArgument(place, line);
    case "commander.missingArgument":
    case "commander.excessArguments":
      return { place, problem: line, fix: `write \`${place} ${command.usage()}\`` };
    case "commander.missingMandatoryOptionValue":
      return { place, problem: line, fix: `add ${/'(.*?)'/.exec(line)?.[1] ?? "it"}` };
    case "commander.optionMissingArgument":
      return { place, problem: line, fix: `write ${/'(?:-\w, )?(.*?)'/.exec(line)?.[1] ?? "it"}` };
    case "commander.conflictingOption":
      return { place, problem: line, fix: "leave one of the two out" };
    default:
      return { place, problem: line, fix };
  }
}

/** "option '--slots <n>' argument 'x' is invalid. it must be a whole number from 0 to 1024." */
function invalidArgument(command: string, line: string): Problem {
  const ofOption =
    /^option '(?:-\w, )?(--[\w-]+).*?'(?: value '(.*)' from env '(\w+)'| argument '(.*)') is invalid\. (.*)$/s;
  const ofArgument = /^command-argument value '(.*)' is invalid for argument '(.*)'\. (.*)$/s;
  const option = ofOption.exec(line);
  const argument = ofArgument.exec(line);
  const name = option?.[1] ?? argument?.[2] ?? "";
  const value = option?.[2] ?? option?.[4] ?? argument?.[1] ?? "";
  const variable = option?.[3];
  const rule = (option?.[5] ?? argument?.[3] ?? line).replace(/\.$/, "");
  const place = variable ?? `${command} ${name}`;
  const choices = /^Allowed choices are (.*)$/.exec(rule)?.[1]?.split(", ");
  if (choices === undefined) {
    return { place, problem: `'${value}' is not allowed: ${rule}`, fix: fixOf(rule, command) };
  }
  const guess = nearest(value, choices);
  const problem = `'${value}' is none of its values`;
  return {
    place,
    problem,
    fix:
      guess === undefined
        ? `give one of ${choices.join(", ")}`
        : `write ${variable !== undefined ? `${variable}=` : argument === null ? `${name} ` : ""}${guess}`,
  };
}

/** "it must be a positive number" → "give a positive number" */
function fixOf(rule: string, command: string): string {
  const wanted = /^it must be (.*)$/s.exec(rule)?.[1];
  return wanted === undefined ? `\`${command} --help\` describes it` : `give ${wanted}`;
}
