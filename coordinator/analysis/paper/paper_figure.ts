import type { PaperFigureName } from "../../../shared/paper_figures.ts";
import type { Plan } from "../../../shared/plan.ts";
import { readFigure1 } from "./figure1.ts";
import { readFigure2 } from "./figure2.ts";
import { readFigure3 } from "./figure3.ts";
import { readFigure4 } from "./figure4.ts";
import { readFigure5 } from "./figure5.ts";
import { readFigure6 } from "./figure6.ts";
import type { PaperFigure } from "./finding.ts";
import type { PaperData } from "./paper_data.ts";
import { readTable1 } from "./table1.ts";

const READERS: Record<PaperFigureName, (data: PaperData) => Promise<PaperFigure | undefined>> = {
  figure1: readFigure1,
  figure2: readFigure2,
  figure3: readFigure3,
  figure4: readFigure4,
  figure5: readFigure5,
  figure6: readFigure6,
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
  return reproduces === undefined ? undefined : await READERS[reproduces](data);
}
