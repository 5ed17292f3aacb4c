/** Table 1 of the paper: is there a catapult phase, by separation of the data and by loss. */
import { LOSSES, type Loss } from "../../../shared/losses.ts";
import { drawSheet } from "../figures/sheet.ts";
import { coordinate as at, textElement } from "../figures/svg_text.ts";
import { datasetLabel } from "../labels.ts";
import type { Finding, PaperFigure, Verdict } from "./finding.ts";
import type { PaperData } from "./paper_data.ts";

/** Runs of one data set and loss over all learning rates. */
export interface CatapultCount {
  readonly dataset: string;
  readonly loss: Loss;
  readonly seeds: number;
  /** Seeds with a catapult run at one learning rate at least. */
  readonly seeds_with_catapult: number;
  readonly runs: number;
  readonly catapult_runs: number;
}

type Separation = "linearly separable" | "degenerate" | "non-separable";

const SEPARATIONS: readonly Separation[] = ["linearly separable", "degenerate", "non-separable"];

/** What the paper's table has: a tick everywhere but here. */
function paperHasTick(separation: Separation, loss: Loss): boolean {
  return separation !== "linearly separable" || loss === "squared";
}

/** Example 3 repeats a feature with both labels; of made and own data, the name tells. */
function separationOf(dataset: string): Separation {
  if (dataset === "example1" || dataset === "example3") return "degenerate";
  return dataset.startsWith("separable") ? "linearly separable" : "non-separable";
}

/** Table 1 from the rows of a sweep. */
export async function readTable1({
  connection,
  source,
}: PaperData): Promise<PaperFigure | undefined> {
  const reader = await connection.runAndReadAll(`
    SELECT dataset, loss, count(DISTINCT seed)::DOUBLE AS seeds,
      count(DISTINCT seed) FILTER (phase = 'catapult')::DOUBLE AS seeds_with_catapult,
      count(*)::DOUBLE AS runs, count(*) FILTER (phase = 'catapult')::DOUBLE AS catapult_runs
    FROM ${source} GROUP BY dataset, loss ORDER BY min(cell)`);
  const counts = reader.getRowObjectsJS() as unknown as CatapultCount[];
  if (counts.length === 0) return undefined;
  return {
    name: "table1",
    title: "Table 1: which data and losses have a catapult phase",
    svg: drawTable1(counts),
    findings: table1Findings(counts),
  };
}

/**
 * A tick agrees where every seed of every data set has a catapult run, in part where some have. A
 * cross agrees where no seed of any data set has one, in part where at least one data set has none.
 */
export function table1Findings(counts: readonly CatapultCount[]): Finding[] {
  return SEPARATIONS.flatMap((separation) =>
    LOSSES.flatMap((loss): Finding[] => {
      const own = counts.filter(
        (each) => each.loss === loss && separationOf(each.dataset) === separation,
      );
      if (own.length === 0) return [];
      const tick = paperHasTick(separation, loss);
      return [
        {
          claim: `${separation} data, ${loss} loss: ${tick ? "a" : "no"} catapult phase`,
          measured: own
            .map((each) => `${countText(each)} on ${datasetLabel(each.dataset)}`)
            .join("; "),
          agrees: tick ? tickVerdict(own) : crossVerdict(own),
        },
      ];
    }),
  );
}

function tickVerdict(counts: readonly CatapultCount[]): Verdict {
  if (counts.every(({ seeds, seeds_with_catapult }) => seeds_with_catapult === seeds)) return "yes";
  return counts.some(({ seeds_with_catapult }) => seeds_with_catapult > 0) ? "in part" : "no";
}

function crossVerdict(counts: readonly CatapultCount[]): Verdict {
  const without = counts.filter(({ seeds_with_catapult }) => seeds_with_catapult === 0);
  if (without.length === counts.length) return "yes";
  return without.length > 0 ? "in part" : "no";
}

/** "11 of 16 seeds (14 of 5,136 runs)" */
function countText({ seeds, seeds_with_catapult, runs, catapult_runs }: CatapultCount): string {
  const count = (value: number) => value.toLocaleString("en-US");
  return `${count(seeds_with_catapult)} of ${count(seeds)} seeds (${count(catapult_runs)} of ${count(runs)} runs)`;
}

const ROW = 50;
const HEAD = 34;
const NAME_WIDTH = 330;
const CELL_WIDTH = 250;
const WIDTH = NAME_WIDTH + LOSSES.length * CELL_WIDTH;

/** A row a data set: the paper's mark, a bar of the seeds that have a catapult, and the counts. */
function drawTable1(counts: readonly CatapultCount[]): string {
  const datasets = [...new Set(counts.map(({ dataset }) => dataset))].sort(
    (a, b) => SEPARATIONS.indexOf(separationOf(a)) - SEPARATIONS.indexOf(separationOf(b)),
  );
  const height = HEAD + datasets.length * ROW;
  const column = (loss: Loss) => NAME_WIDTH + LOSSES.indexOf(loss) * CELL_WIDTH;
  const parts = [
    textElement(0, 20, ["data"], { size: 14, weight: "bold" }),
    ...LOSSES.map((loss) =>
      textElement(column(loss) + 8, 20, [`${loss} loss`], { size: 14, weight: "bold" }),
    ),
    `<path d="M0 ${HEAD}H${WIDTH}" stroke="#333"/>`,
  ];
  for (const [index, dataset] of datasets.entries()) {
    const top = HEAD + index * ROW;
    const separation = separationOf(dataset);
    parts.push(
      textElement(0, top + 21, [separation], { size: 14 }),
      textElement(0, top + 39, [datasetLabel(dataset)], { size: 12, fill: "#444" }),
      `<path d="M0 ${top + ROW}H${WIDTH}" stroke="#bbb"/>`,
    );
    for (const each of counts.filter((count) => count.dataset === dataset)) {
      const x = column(each.loss);
      const share = each.seeds_with_catapult / each.seeds;
      parts.push(
        mark(paperHasTick(separation, each.loss), x + 18, top + 25),
        `<rect x="${at(x + 42)}" y="${top + 10}" width="180" height="14" fill="#fff" stroke="#333"/>`,
        `<rect x="${at(x + 42)}" y="${top + 10}" width="${at(180 * share)}" height="14" fill="#c8701a" stroke="#333"/>`,
        textElement(x + 42, top + 40, [countText(each)], { size: 12 }),
      );
    }
  }
  const sample = (tick: boolean) => (x: number, y: number) => mark(tick, x + 13, y + 7);
  return drawSheet({
    title: "Which data and losses have a catapult phase",
    legend: [
      { sample: sample(true), name: ["the paper finds one"] },
      { sample: sample(false), name: ["the paper finds none"] },
      {
        sample: (x, y) =>
          `<rect x="${at(x)}" y="${at(y)}" width="26" height="14" fill="#c8701a" stroke="#333"/>`,
        name: ["share of our seeds that have one"],
      },
    ],
    panels: [parts.join("\n")],
    columns: 1,
    panel_width: WIDTH,
    panel_height: height,
    caption:
      "One-hidden-layer linear networks trained by full-batch gradient descent from random initializations (seeds), along a grid of learning rates. Marks: Table 1 of Huang et al. (2020). Bars and first numbers: seeds for which the loss rises at least once and training still succeeds (catapult) at one learning rate of the grid or more; in parentheses, all runs that do so.",
  });
}

/** A tick or a cross, centred on (x, y). */
function mark(tick: boolean, x: number, y: number): string {
  const d = tick
    ? `M${at(x - 9)} ${at(y)}l6 7l12 -15`
    : `M${at(x - 7)} ${at(y - 7)}l14 14m0 -14l-14 14`;
  return `<path d="${d}" fill="none" stroke="#000" stroke-width="2.5"/>`;
}
