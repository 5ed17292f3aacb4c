import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncPath, writeDurably } from "../results/durable_file.ts";
import { reportPage } from "./page.ts";
import { rasterize } from "./rasterize.ts";
import { placesOf } from "./section.ts";
import type { SweepReport } from "./sweep_report.ts";

export interface WrittenReport {
  readonly page: string;
  /** Folder of the pictures, each as SVG and as PNG. */
  readonly figures: string;
}

/**
 * Writes the page, and beside it `figures/` with every picture by itself; those of several sweeps
 * each in a folder of the sweep's name. Nothing stands under a final name before it is whole.
 */
export async function writeReport(
  reports: readonly SweepReport[],
  page: string,
): Promise<WrittenReport> {
  const around = dirname(page);
  const places = placesOf(reports);
  for (const [index, { figures: pictures }] of reports.entries()) {
    const folder = join(around, places[index]!.figures);
    await mkdir(folder, { recursive: true });
    for (const { name, svg } of pictures) {
      await writeDurably(join(folder, `${name}.svg`), Buffer.from(svg));
      await writeDurably(join(folder, `${name}.png`), rasterize(svg));
    }
    await syncPath(folder);
  }
  await writeDurably(page, Buffer.from(reportPage(reports)));
  await syncPath(around);
  return { page, figures: join(around, "figures") };
}
