import { Option } from "commander";
import { OUTPUT_GROUP } from "../options.ts";
import { PROGRESS_CHOICES } from "./progress_mode.ts";

export const progress = () =>
  new Option(
    "--progress <how>",
    "progress on standard error: a bar, lines now and then, JSON lines, none; auto: a bar on a terminal, lines in CI, notebooks and pipes",
  )
    .choices(PROGRESS_CHOICES)
    .env("PHASESWEEP_PROGRESS")
    .default("auto")
    .helpGroup(OUTPUT_GROUP);

export const quiet = () =>
  new Option("--quiet", "no progress; what goes wrong is still said").helpGroup(OUTPUT_GROUP);
