import type { PaperFigureName } from "../../../shared/paper_figures.ts";
import type { Plan } from "../../../shared/plan.ts";
import type { PaperFigure } from "./finding.ts";
import type { PaperData } from "./paper_data.ts";
import { readTable1 } from "./table1.ts";

const READERS: Partial<
  Record<PaperFigureName, (data: PaperData) => Promise<PaperFigure | undefined>>
> = {
  table1: readTable1,
};

/**
 * The figure of the paper that a sweep file says it reproduces; undefined where it says nothing, or
 * where the rows have none of what the figure shows.
 */
export async function readPaperFigure(
  { reproduces }: Plan,
  data: PaperData,
): Promise<PaperFigure | undefined> {
  return reproduces === undefined ? undefined : await READERS[reproduces]?.(data);
}
