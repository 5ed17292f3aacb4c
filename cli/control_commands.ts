import { type Command, Option } from "commander";
import { PRIORITY_MAX } from "../shared/limits.ts";
import { wholeNumber } from "./arguments.ts";
import { coordinator, credentials, insecure, json, jsonProgress } from "./options.ts";
import { progress, quiet } from "./progress/progress_options.ts";

/** Commands that ask a coordinator for something: sweeps handed in, followed, paused and cancelled. */
export function addControlCommands(program: Command): void {
  program
    .command("submit")
    .description("hand a sweep to a coordinator")
    .argument("<sweep>", "sweep file (YAML)")
    .option("--watch", "follow the sweep until it ends; with --json a JSON object a line")
    .addOption(
      new Option(
        "--priority <n>",
        "sweeps of a higher priority are leased first (default: 0)",
      ).argParser(wholeNumber(-PRIORITY_MAX, PRIORITY_MAX)),
    )
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .addOption(json())
    .addOption(progress())
    .addOption(quiet())
    .addHelpText(
      "after",
      `
Examples:
  phasesweep submit sweep.yaml --watch
  phasesweep submit sweep.yaml --coordinator node1:7070 --credentials credentials/submit`,
    )
    .action(async (sweep, options) => {
      const { submitCommand } = await import("./commands/submit.ts");
      await submitCommand(sweep, options);
    });

  program
    .command("dashboard")
    .description("show the dashboard of a coordinator in a browser of this machine")
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .addOption(
      new Option("--port <n>", "port on this machine; 0 takes a free one")
        .argParser(wholeNumber(0, 65_535))
        .default(0),
    )
    .option("--no-open", "only print the address, which opens it in one browser")
    .addOption(json())
    .addHelpText(
      "after",
      `
It passes on what the browser asks, with the credentials of this command, to whichever coordinator
leads; the browser holds no secret of the fleet, and may do what those credentials may.
Example:
  phasesweep dashboard --coordinator node1:7070,node2:7070 --credentials credentials/read`,
    )
    .action(async (options) => {
      const { dashboardCommand } = await import("./commands/dashboard.ts");
      await dashboardCommand(options);
    });

  program
    .command("watch")
    .description("follow a sweep that was submitted until it ends")
    .argument("<name>", "name of the sweep")
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .addOption(jsonProgress())
    .addOption(progress())
    .addOption(quiet())
    .addHelpText("after", "\nExample:\n  phasesweep watch figure3 --coordinator node1:7070")
    .action(async (sweep, options) => {
      const { watchCommand } = await import("./commands/watch.ts");
      await watchCommand(sweep, options);
    });

  for (const [name, control, description] of [
    ["pause", "paused", "lease nothing more of a sweep until it is resumed"],
    ["resume", "running", "go on with a sweep that was paused or cancelled"],
    [
      "cancel",
      "cancelled",
      "end a sweep; what is committed is kept, and submitting it again goes on",
    ],
  ] as const) {
    program
      .command(name)
      .description(description)
      .argument("<name>", "name of the sweep")
      .addOption(coordinator())
      .addOption(credentials())
      .addOption(insecure())
      .addOption(json())
      .addHelpText("after", `\nExample:\n  phasesweep ${name} figure3`)
      .action(async (sweep, options) => {
        const { controlCommand } = await import("./commands/control.ts");
        await controlCommand(sweep, { control }, options);
      });
  }

  program
    .command("prioritize")
    .description("change the priority of a sweep: higher ones are leased first")
    .argument("<name>", "name of the sweep")
    .argument(
      "<priority>",
      `−${PRIORITY_MAX} to ${PRIORITY_MAX}`,
      wholeNumber(-PRIORITY_MAX, PRIORITY_MAX),
    )
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .addOption(json())
    .addHelpText("after", "\nExample:\n  phasesweep prioritize figure3 10")
    .action(async (sweep, priority, options) => {
      const { controlCommand } = await import("./commands/control.ts");
      await controlCommand(sweep, { priority }, options);
    });

  program
    .command("status")
    .description("print the sweeps and workers of a coordinator")
    .addOption(coordinator())
    .addOption(credentials())
    .addOption(insecure())
    .addOption(json())
    .addHelpText(
      "after",
      "\nExample:\n  phasesweep status --coordinator node1:7070,node2:7070 --credentials credentials/read",
    )
    .action(async (options) => {
      const { statusCommand } = await import("./commands/status.ts");
      await statusCommand(options);
    });
}
