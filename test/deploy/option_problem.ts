import type { Command } from "commander";
import { buildProgram } from "../../cli/program.ts";

/** What is wrong with the arguments of phasesweep, by the options that its commands really have. */
export function optionProblem(args: readonly string[]): string | undefined {
  const program = buildProgram();
  silence(program);
  try {
    program.parse([...args], { from: "user" });
    return undefined;
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    const isAnswer = ["commander.helpDisplayed", "commander.version"].includes(code ?? "");
    return isAnswer ? undefined : message;
  }
}

/** Commands that print and do nothing. */
function silence(command: Command): void {
  command.exitOverride().configureOutput({ writeErr() {}, writeOut() {} });
  if (command.commands.length === 0) command.action(() => {});
  for (const each of command.commands) silence(each);
}

/** Whether there is a command of this name, as a line of usage says. */
export function isCommandName(name: string): boolean {
  return buildProgram().commands.some((command) => command.name() === name);
}
