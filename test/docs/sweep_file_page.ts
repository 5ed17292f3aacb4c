import { BUILTIN_DATASETS } from "../../shared/datasets.ts";
import { sweepJsonSchema } from "../../shared/spec/schema.ts";
import { markdownTable } from "./table.ts";

/** docs/sweep_file.md, made from the JSON Schema that editors and `phasesweep schema` have. */

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly example?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
}

/** A form of data sets for each key that only it has. */
const DATASET_FORMS: Readonly<Record<string, string>> = {
  X: "Written out",
  separable: "Separable, with a margin",
  non_separable: "Not separable",
  cifar10: "CIFAR-10",
  idx: "MNIST and its like",
  csv: "CSV",
  npy: "NumPy",
};

/** What every block needs, from itself or from the top: the schema cannot say that. */
export const NEEDED: readonly string[] = [
  "dataset",
  "model",
  "hidden_layers",
  "loss",
  "learning_rate",
  "seeds",
];

export function sweepFilePage(): string {
  const schema = sweepJsonSchema() as Node;
  const { grids, ...top } = schema.properties!;
  const nested = ["model", "training", "boundaries"];
  const datasets = variants(top["dataset"]!).filter(({ items }) => items === undefined);
  return [
    ...INTRODUCTION,
    "## Keys of the file",
    "",
    ...table(rows({ ...top, grids: grids! }, schema.required, [...nested, "grids", "dataset"])),
    "",
    "Each entry of `grids` may have the keys from `dataset` to `trajectory`.",
    "",
    ...nested.flatMap((key) => [
      `## ${key}`,
      "",
      ...described(top[key]!),
      ...table(rows(top[key]!.properties!, top[key]!.required)),
      "",
    ]),
    ...axisSection(variants(top["learning_rate"]!).find(isAxis)!),
    "## Data sets",
    "",
    ...described(top["dataset"]!),
    "By name these are built in; [datasets.md](datasets.md) has more of them, and of data from files.",
    "",
    ...markdownTable([
      ["name", "samples x and labels y"],
      ...BUILTIN_DATASETS.map(({ name, X, y }) => [
        `\`${name}\``,
        X.map((row, i) => `(${row.join(", ")}) ↦ ${y[i]! > 0 ? "+1" : "−1"}`)
          .join("; ")
          .replaceAll("-", "−"),
      ]),
    ]),
    "",
    ...datasets.filter(({ properties }) => properties !== undefined).flatMap(datasetSection),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

const INTRODUCTION = [
  "# The sweep file",
  "",
  "Made from the schema by `npm run docs`, and held against it by a test: change the texts in",
  "`shared/spec/`. `phasesweep schema` prints the same as a JSON Schema; with",
  "`# yaml-language-server: $schema=…` in their first line, editors complete and check these files.",
  "",
  "    name: my-sweep",
  "    dataset: [example3, example4]",
  "    model: { hidden_layers: 1, width: [100, 200], weight_variance: 0.5 }",
  "    loss: logistic",
  "    learning_rate: { from: 0.5, to: 60, points: 129, scale: log }",
  "    seeds: 32",
  "    training: { steps: 100 }",
  "    measure: [ntk, hessian]",
  "    boundaries: { confidence: 0.95 }",
  "",
  "A sweep is the product of its lists: each data set × loss × width × variance × output rate is a",
  "shape group, and a group has a cell for each seed and learning rate. What differs between blocks goes",
  "under `grids`; a block takes from the top of the file what it leaves out, key by key within `model` and",
  "`training`. Unknown keys and impossible values are refused with line, key and fix.",
  "",
  "Learning rates η are those of plain gradient descent on the mean loss, in the NTK parametrisation",
  "([statistics.md](statistics.md) has the definitions). Steps are whole steps of gradient descent, a",
  "physical time is η × steps, and tolerances and intervals are relative.",
  "",
];

/** The alternatives of a node; of one without, itself. */
function variants(node: Node): readonly Node[] {
  return node.anyOf?.flatMap(variants) ?? [node];
}

function isAxis({ properties }: Node): boolean {
  return properties?.["points"] !== undefined;
}

interface Row {
  readonly key: string;
  readonly type: string;
  readonly otherwise: string;
  readonly meaning: string;
}

/** A row for each key, followed by those of the objects that it may hold, but for `apart`. */
function rows(
  properties: Readonly<Record<string, Node>>,
  required: readonly string[] = [],
  apart: readonly string[] = [],
  prefix = "",
): Row[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const key = `${prefix}${name}`;
    const { description, example } = node;
    if (description === undefined) throw new Error(`the key ${key} has no description`);
    const shown = example === undefined ? "" : ` Example: \`${example}\``;
    const own: Row = {
      key: `\`${key}\``,
      type: apart.includes(key) ? apartType(key) : typeOf(node),
      otherwise:
        node.default !== undefined
          ? `\`${text(node.default)}\``
          : required.includes(name)
            ? "required"
            : NEEDED.includes(key)
              ? "required, here or in `grids`"
              : "",
      meaning: `${description}${shown}`,
    };
    if (apart.includes(key)) return [own];
    const inner = variants(node)
      .filter((variant) => variant.properties !== undefined && !isAxis(variant))
      .flatMap((variant) => rows(variant.properties!, variant.required, [], `${key}.`));
    return [own, ...inner];
  });
}

/** Objects that have a section of their own. */
function apartType(key: string): string {
  if (key === "dataset") return "[a data set](#data-sets), or a list";
  if (key === "grids") return "list of blocks";
  return `[object](#${key})`;
}

function typeOf(node: Node): string {
  const all = variants(node);
  const axis = all.some(isAxis) ? ["an [axis](#axes)"] : [];
  const objects = all
    .filter((variant) => variant.properties !== undefined && !isAxis(variant))
    .map(({ properties }) => `\`{ ${Object.keys(properties!).join(", ")} }\``);
  const plain = all
    .filter((variant) => variant.properties === undefined && variant.items === undefined)
    .map(scalar)
    .join(", or ");
  const lists = all
    .filter((variant) => variant.items !== undefined)
    // A list of what may also stand alone.
    .map((list) => (typeOf(list.items!) === plain ? "a list of these" : listOf(list)));
  return [plain, ...lists, ...axis, ...new Set(objects)]
    .filter((part) => part !== "")
    .join(", or ");
}

function listOf({ items, minItems, maxItems }: Node): string {
  const count =
    minItems !== undefined && minItems === maxItems
      ? `${minItems} of `
      : maxItems !== undefined
        ? `up to ${maxItems.toLocaleString("en-US")} of `
        : "";
  return `a list of ${count}${typeOf(items!)}`;
}

function scalar(node: Node): string {
  if (node.const !== undefined) return `\`${text(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${text(value)}\``).join(", ");
  if (node.type === "integer" || node.type === "number") {
    const bounds = [lower(node), upper(node)].filter((bound) => bound !== "").join(" and ");
    const word = node.type === "integer" ? "whole number" : "number";
    return bounds === "" ? word : `${word} ${bounds}`;
  }
  if (node.type === "string") return "text";
  return node.type === "boolean" ? "`true`, `false`" : String(node.type);
}

function lower({ minimum, exclusiveMinimum }: Node): string {
  if (exclusiveMinimum !== undefined) return `> ${text(exclusiveMinimum)}`;
  return minimum === undefined ? "" : `≥ ${text(minimum)}`;
}

function upper({ maximum, exclusiveMaximum }: Node): string {
  if (exclusiveMaximum !== undefined) return `< ${text(exclusiveMaximum)}`;
  if (maximum === undefined) return "";
  return `≤ ${maximum === Number.MAX_SAFE_INTEGER ? "2^53 − 1" : text(maximum)}`;
}

function text(value: unknown): string {
  if (typeof value !== "number") return typeof value === "string" ? value : JSON.stringify(value);
  return Number.isInteger(value) && value < 1e15 ? value.toLocaleString("en-US") : String(value);
}

function axisSection(axis: Node): string[] {
  return [
    "## Axes",
    "",
    "`learning_rate`, `width`, `weight_variance`, `output_learning_rate` and its `ratio`, and the `margin`",
    "of separable data take an axis in place of a list. Every point but those of `learning_rate` makes a",
    "group of its own, of which a sweep has at most 20,000.",
    "",
    ...table(rows(axis.properties!, axis.required)),
    "",
  ];
}

function datasetSection(node: Node): string[] {
  const [form, title] = Object.entries(DATASET_FORMS).find(([key]) => node.properties![key])!;
  const example = DATASET_EXAMPLES[form]!;
  return [
    `### ${title}`,
    "",
    ...described(node),
    ...example.map((line) => `    ${line}`),
    "",
    ...table(rows(node.properties!, node.required)),
    "",
  ];
}

const DATASET_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  X: ["dataset: { name: mine, X: [[1, 0], [0, 1]], y: [1, -1] }"],
  separable: ["dataset: { separable: { samples: 16, features: 2, margin: [0.1, 1] } }"],
  non_separable: ["dataset: { non_separable: { samples: 16, features: 2, distance: 1 } }"],
  cifar10: [
    "dataset: { cifar10: data/cifar-10-batches-bin, classes: [automobile, dog], train: 2048, test: 512 }",
  ],
  idx: [
    "dataset: { idx: /usr/share/datasets/fashion-mnist, classes: [0, 6], train: 1024, pool: 4 }",
  ],
  csv: [
    "dataset: { csv: iris.csv, label: species, classes: [setosa, virginica], scale: standardize }",
  ],
  npy: ["dataset: { npy: { X: x.npy, y: y.npy }, test: 100 }"],
};

function described({ description }: Node): string[] {
  return description === undefined ? [] : [description, ""];
}

function table(all: readonly Row[]): string[] {
  return markdownTable([
    ["key", "value", "without it", "meaning"],
    ...all.map(({ key, type, otherwise, meaning }) => [key, type, otherwise, meaning]),
  ]);
}
