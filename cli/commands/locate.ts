import { curvatureBoundary, learningRateScale } from "../../worker/engine/gradient_flow.ts";
import { LEARNING_RATE_LIMIT, locateBoundaries } from "../../worker/engine/locate.ts";
import { gramPhaseOracle } from "../../worker/engine/phase_oracle.ts";
import { toJson } from "../cases/json.ts";
import { loadCases } from "../cases/load.ts";
import { gramStart } from "../cases/resolve.ts";
import { locateCaseSchema } from "../cases/schema.ts";

/**
 * Finds the phase boundaries of every case of a file and prints one JSON array.
 * @throws UsageError on a bad case; nothing is printed then
 */
export function locateCommand(path: string): void {
  const starts = loadCases(path, locateCaseSchema).map(gramStart);
  const results = starts.map((start) => {
    const scale = learningRateScale(start);
    const found = locateBoundaries(gramPhaseOracle(start), scale);
    return {
      eta0: found.eta0,
      eta1: found.eta1,
      eta0_single_step: found.eta0_single_step,
      eta1_single_step: found.eta1_single_step,
      eta1_band: found.eta1_band,
      eta1_area: found.eta1_area,
      eta0_curvature: curvatureBoundary(start, scale * LEARNING_RATE_LIMIT),
      evaluations: found.evaluations,
    };
  });
  process.stdout.write(`${toJson(results)}\n`);
}
