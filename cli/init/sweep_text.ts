import { stringify } from "yaml";
import type { Answers, DataChoice } from "./answers.ts";
import type { Design } from "./design_sweep.ts";

/** What the text of a new sweep file says besides its answers. */
export interface FileFrame {
  readonly name: string;
  /** Path of the JSON Schema, from the folder of the file. */
  readonly schema: string;
  /** A line about cost, such as "about 25 s on this machine"; none while it is not known. */
  readonly cost?: string;
}

/** A commented sweep file. */
export function sweepText(
  { data, loss, find, budget }: Answers,
  design: Design,
  { name, schema, cost }: FileFrame,
): string {
  const { from, to, points, seeds, rows, cells } = design;
  const asked = "cells" in budget ? `${budget.cells} cells` : `${budget.seconds} s`;
  const variance =
    rows === undefined
      ? "weight_variance: 0.5"
      : `weight_variance: { from: ${rows.from}, to: ${rows.to}, points: ${rows.points}, scale: log }`;
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    `name: ${name}`,
    `description: ${ABOUT[find]}`,
    `# Made by \`phasesweep init\` for ${asked}. ${cells} cells${find === "boundaries" ? " at most" : ""}${cost === undefined ? "" : `, ${cost}`}.`,
    "# `phasesweep plan` says what it computes, `phasesweep run` computes it; a finer or longer grid",
    "# takes over the cells that are there. docs/sweep_file.md has every key.",
    "",
    "# What is trained on: a name, data written out, made, or read from files (docs/datasets.md).",
    `dataset: ${datasetText(data)}`,
    "# f = m^(-1/2) w2·(W1 x) with m hidden units. Initial weights are normal with this variance σ_w².",
    `model: { hidden_layers: 1, width: 100, ${variance} }`,
    "# exponential: exp(-y f); logistic: log(1 + exp(-y f)); squared: (f - y)²/2. The mean over samples.",
    `loss: ${loss}`,
    "# Learning rates η, evenly spaced in log η. From where all seeds are lazy to where all diverge.",
    `learning_rate: { from: ${from}, to: ${to}, points: ${points}, scale: log }`,
    ...(seeds === 1
      ? ["# One draw of the initial weights; more seeds say how the boundaries depend on it."]
      : ["# Draws of the initial weights. Boundaries are medians over them, with an interval."]),
    `seeds: ${seeds}`,
    "# Steps of gradient descent after which the phase is judged: η0 depends on it.",
    "training: { steps: 100 }",
  ];
  if (find === "grid") {
    lines.push(
      "# Also measured at the first and last step: the largest eigenvalues of NTK (λ) and Hessian (h).",
      "measure: [ntk, hessian]",
    );
  }
  if (find === "boundaries") {
    lines.push(
      "# Learning rates are added where a seed changes its phase until η0 and η1 are known to",
      "# eta_tolerance, and seeds until the interval of each median is as narrow as median_interval,",
      "# both relative; or until there are cells_max cells.",
      `boundaries: { eta_tolerance: 1e-3, median_interval: 0.05, cells_max: ${cells} }`,
    );
  }
  return `${lines.join("\n")}\n`;
}

const ABOUT: Readonly<Record<Answers["find"], string>> = {
  grid: "phases of gradient descent over learning rates and seeds",
  boundaries: "the learning rates η0 and η1 to a tolerance",
  map: "phases over learning rate and variance of the initial weights",
};

function datasetText(data: DataChoice): string {
  if (typeof data === "object") {
    const form = stringify(data, { collectionStyle: "flow", lineWidth: 0 }).trim();
    const labels = data.classes === undefined ? "-1 and 1" : "two labels, which become -1 and 1";
    const column =
      typeof data.label === "number"
        ? "the last column"
        : `the column \`${data.label ?? "label"}\``;
    return `${form} # one sample a line; ${column} holds ${labels}`;
  }
  switch (data) {
    case "separable":
      return "{ separable: { samples: 16, features: 2, margin: 0.1 } }";
    case "non_separable":
      return "{ non_separable: { samples: 16, features: 2, distance: 1 } }";
    default:
      return data;
  }
}
