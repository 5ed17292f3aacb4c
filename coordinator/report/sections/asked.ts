import { datasetSize } from "../../../shared/datasets.ts";
import { datasetDigest, type PlannedGroup } from "../../../shared/plan.ts";
import {
  axisPoints,
  learningRateAt,
  type SeedAxis,
  seedCount,
  seedReader,
} from "../../../shared/spec/axes.ts";
import { datasetLabel, plain, significant } from "../../analysis/labels.ts";
import { trainingLabel } from "../../analysis/training_label.ts";
import { type Column, html, symbols, table } from "../html.ts";
import { count, counted, type SectionWriter } from "../section.ts";

const ROWS_SHOWN = 60;

/** Models without a width are told by their layers alone. */
function modelText({ shape }: Pick<PlannedGroup, "shape">): string {
  const { hidden_layers: layers, width, bias_variance } = shape;
  const bias = bias_variance === undefined ? "" : `, biases σ_b² = ${plain(bias_variance)}`;
  if (layers === 0) return `linear predictor${bias}`;
  const depth = layers === 1 ? "" : `${layers} hidden layers, `;
  return `${depth}width ${width === "infinite" ? "∞" : width}${bias}`;
}

/** What a row says of a group, as plain text. */
const TEXTS: readonly {
  readonly heading: string;
  readonly text: (group: PlannedGroup) => string;
  readonly isNumber?: boolean;
  readonly isShort?: boolean;
}[] = [
  { heading: "block", text: ({ grid }) => String(grid + 1), isNumber: true },
  { heading: "data set", text: ({ shape }) => datasetLabel(shape.dataset.name), isShort: true },
  { heading: "n × d", text: ({ shape }) => sizeText(shape.dataset), isNumber: true },
  { heading: "model", text: modelText },
  { heading: "loss", text: ({ shape }) => shape.loss },
  { heading: "σ_w²", text: ({ shape }) => plain(shape.weight_variance), isNumber: true },
  { heading: "training", text: trainingText },
  { heading: "learning rates η", text: rateText },
  { heading: "seeds", text: ({ seeds }) => seedText(seeds), isNumber: true },
  { heading: "class", text: ({ numeric_class }) => numeric_class, isShort: true },
];

/** Values of a column of one block above which they are counted in place of being listed. */
const VALUES_LISTED = 12;

interface AskedRow {
  readonly texts: readonly string[];
  readonly cells: number;
}

/** One row a group; of a parameter with many values only the ends, as those of a map would fill pages. */
export function askedRows(groups: readonly PlannedGroup[]): AskedRow[] {
  const blocks = new Map<number, { texts: string[]; cells: number }[]>();
  for (const group of groups) {
    const rows = blocks.get(group.grid) ?? [];
    rows.push({ texts: TEXTS.map(({ text }) => text(group)), cells: group.cells });
    blocks.set(group.grid, rows);
  }
  return [...blocks.values()].flatMap((rows) => {
    const isMany = TEXTS.map((_, i) => new Set(rows.map(({ texts }) => texts[i])).size).map(
      (values) => values > VALUES_LISTED,
    );
    const together = new Map<string, { texts: string[]; cells: number }[]>();
    for (const row of rows) {
      const key = row.texts.filter((_, i) => !isMany[i]).join("\n");
      together.set(key, [...(together.get(key) ?? []), row]);
    }
    return [...together.values()].map((same) => ({
      texts: same[0]!.texts.map((text, i) =>
        isMany[i] && same.length > 1
          ? `${text} … ${same.at(-1)!.texts[i]} (${count(new Set(same.map(({ texts }) => texts[i])).size)})`
          : text,
      ),
      cells: same.reduce((sum, { cells }) => sum + cells, 0),
    }));
  });
}

const COLUMNS: readonly Column<AskedRow>[] = [
  ...TEXTS.map(
    ({ heading, text: _, ...kind }, i): Column<AskedRow> => ({
      ...kind,
      heading: symbols(heading),
      cell: ({ texts }) => (heading === "data set" ? texts[i] : symbols(texts[i]!)),
      isName: heading === "data set",
    }),
  ),
  { heading: "cells", cell: ({ cells }) => count(cells), isNumber: true },
];

/** What was asked: the sweep, its axes and how it is identified. */
export const askedSection: SectionWriter = (report) => {
  const { plan } = report.analysis;
  const asked = plan.groups.filter(({ checks, added }) => checks === undefined && !added);
  const behind = plan.groups.filter((group) => !asked.includes(group));
  const cellsOf = (groups: readonly PlannedGroup[]) =>
    groups.reduce((sum, { cells }) => sum + cells, 0);
  const rows = Object.values(report.phases).reduce((sum, each) => sum + each, 0);
  const phases = Object.entries(report.phases).filter(([, cells]) => cells > 0);
  const measured = new Set(asked.flatMap(({ shape }) => shape.measure));
  const names = [
    ...(measured.has("ntk") ? ["λ_NTK (top NTK eigenvalue)"] : []),
    ...(measured.has("hessian") ? ["h (top Hessian eigenvalue)"] : []),
  ];
  return {
    id: "asked",
    title: "What was asked",
    body: html`<dl class="facts">
<dt>networks trained</dt><dd>${count(rows)}: ${phases.map(([phase, cells]) => `${phase} ${count(cells)}`).join(", ")}</dd>
${rows < plan.cells ? html`<dt>missing</dt><dd>${counted(plan.cells - rows, "cell")} could not be computed</dd>` : null}
${behind.length > 0 ? html`<dt>of these</dt><dd>${counted(cellsOf(behind), "cell")} beyond the grid: added in rounds, or computed again in another numeric class</dd>` : null}
${names.length > 0 ? html`<dt>measured</dt><dd>${symbols(names.join(", "))}</dd>` : null}
<dt>intervals</dt><dd>${plain(plan.confidence * 100)} %</dd>
<dt>plan</dt><dd><code>${report.plan_digest}</code></dd>
<dt>results.parquet</dt><dd>${count(report.results_bytes)} bytes, sha256 <code>${report.results_sha256}</code></dd>
<dt>phasesweep</dt><dd>${report.versions.join(", ") || "unknown"}</dd>
</dl>
${table("The grid: every row is a data set, loss and model, with each of its learning rates and seeds.", COLUMNS, askedRows(asked), ROWS_SHOWN)}
${datasetNotes(asked)}`,
  };
};

/** The schedule, and the output layer's learning rate where it is another one. */
function trainingText({ shape }: PlannedGroup): string {
  const { hidden_layers, output_learning_rate: rate } = shape;
  const label = trainingLabel(shape);
  if (hidden_layers === 0 || ("ratio" in rate && rate.ratio === 1)) return label;
  return `${label}, η_v = ${"ratio" in rate ? `${plain(rate.ratio)} η` : plain(rate.fixed)}`;
}

function sizeText(dataset: PlannedGroup["shape"]["dataset"]): string {
  const { samples, features, test_samples } = datasetSize(dataset);
  return `${samples} × ${features}${test_samples > 0 ? ` + ${test_samples} held out` : ""}`;
}

function rateText({ learning_rates: axis }: PlannedGroup): string {
  const points = axisPoints(axis);
  const at = (index: number) => significant(learningRateAt(axis, index), 4);
  if (points === 1) return at(0);
  const scale = axis.scale === "log" || axis.scale === "linear" ? `, ${axis.scale}` : "";
  return `${count(points)} from ${at(0)} to ${at(points - 1)}${scale}`;
}

function seedText(axis: SeedAxis): string {
  const seeds = seedCount(axis);
  const at = seedReader(axis);
  return seeds === 1 ? `1 (${at(0)})` : `${count(seeds)} (${at(0)}–${at(seeds - 1)})`;
}

/** Digests of data that came from files. */
function datasetNotes(groups: readonly PlannedGroup[]) {
  const stored = new Map<string, string>();
  for (const { shape } of groups) {
    if (!("X" in shape.dataset)) stored.set(shape.dataset.name, datasetDigest(shape.dataset));
  }
  if (stored.size === 0) return null;
  return html`<p>Data from files, as they were trained on:</p>
<ul>${[...stored].map(([name, digest]) => html`<li>${name}: sha256 <code>${digest}</code></li>`)}</ul>`;
}
