import { Option } from "commander";
import { OUTPUT_GROUP } from "./options.ts";

/** Of commands that run until they are ended. Their log, on standard error, is JSON then, too. */
export const jsonLines = () =>
  new Option(
    "--json",
    "print a JSON object a line (`phasesweep schema COMMAND` describes them): where it is to be reached, then how it ended; the log is JSON too",
  )
    .implies({ logFormat: "json" })
    .helpGroup(OUTPUT_GROUP);

/** Prints what happens as a JSON object a line, if that was asked for. */
export function eventLines<Event extends object>(json: boolean | undefined) {
  if (json !== true) return (_: Event) => {};
  // Who has read where this process is to be reached may leave; it goes on.
  process.stdout.removeAllListeners("error").on("error", () => {});
  return (event: Event) => {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  };
}
