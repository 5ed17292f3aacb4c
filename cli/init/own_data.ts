import { resolve } from "node:path";
import { firstCsvLine, readCsv } from "../../shared/data/csv.ts";
import { readDataFile, refuseFile } from "../../shared/data/data_file.ts";
import type { Label } from "../../shared/data/labelled.ts";
import type { OwnData } from "./answers.ts";

/** Labels that an error lists. */
const LABELS_SHOWN = 6;

/**
 * A CSV file as a sweep file takes it. Its labels are in the column `label`, or else in the last one;
 * two labels that are not −1 and 1 become that, the lesser one −1.
 *
 * @param csv Path of the file, from `folder`.
 * @throws UsageError where it cannot be read, or has more than two labels
 */
export function ownData(csv: string, folder: string): OwnData {
  const file = readDataFile(resolve(folder, csv));
  const { fields, isHeader } = firstCsvLine(file);
  const label = !isHeader ? -1 : fields.includes("label") ? "label" : fields.at(-1)!;
  const { labels } = readCsv(file, { header: isHeader, label });
  const found = [...new Set(Array.from(labels))].sort(ascending);
  const form = {
    csv,
    ...(isHeader ? {} : { header: false as const }),
    ...(label === "label" ? {} : { label }),
  };
  if (found.every((each) => each === -1 || each === 1)) return form;
  if (found.length === 2) return { ...form, classes: found as [Label, Label] };
  const shown = found.slice(0, LABELS_SHOWN).join(", ");
  const rest = found.length > LABELS_SHOWN ? ", …" : "";
  return refuseFile(
    csv,
    `column ${label === -1 ? fields.length - 1 : `'${label}'`} has ${found.length === 1 ? "a single label" : `${found.length} labels`} (${shown}${rest}), and there must be two`,
    `name the column of the labels \`label\`, or keep two classes; a sweep file can choose them, \`classes: [${found.slice(0, 2).join(", ")}]\``,
  );
}

function ascending(a: Label, b: Label): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
