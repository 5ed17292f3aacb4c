import { join } from "node:path";
import { packageRoot } from "../shared/package_info.ts";

/** What `phasesweep` alone prints: the commands of the first five minutes, and how to go on. */
export function firstSteps(): string {
  return `phasesweep locates the learning rates at which gradient descent on deep linear networks turns
from lazy to catapult (η0) and from catapult to divergent (η1).

  phasesweep doctor                     what this machine can run
  phasesweep init sweep.yaml            asks three questions and writes a sweep file
  phasesweep plan sweep.yaml            what it would compute, and what is there already
  phasesweep run sweep.yaml             computes it, and prints η0 and η1 with their intervals;
                                        with --open a browser shows the phases as they come
  phasesweep report results/NAME        one page with all pictures, to read and to pass on

  phasesweep COMMAND --help             options and examples of a command
  phasesweep --help                     all commands
  ${join(packageRoot, "docs", "tutorial.md")}
                                        the tutorial, from zero to a boundary with an interval
`;
}
