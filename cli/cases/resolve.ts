import type { Dataset } from "../../shared/datasets.ts";
import { UsageError } from "../../shared/errors.ts";
import type { Initial } from "../../worker/engine/initial_state.ts";
import type { StartRequest } from "../../worker/engine/phase_oracle.ts";
import type { NetLayout } from "../../worker/engine/reference_net.ts";
import { flattenWeights, realizeReduced } from "../../worker/engine/reference_start.ts";
import type { Loaded } from "./load.ts";
import type { LocateCase } from "./schema.ts";

type Init = LocateCase["init"];

/** The part of a case that all commands share, in the terms of the reference engine. */
export interface ReferenceStart {
  readonly dataset: Dataset;
  readonly layout: NetLayout;
  readonly loss: LocateCase["loss"];
  readonly steps: number;
  readonly parameters: Float64Array;
}

/** The start of a case for the gram engine. @throws UsageError with the key and the fix */
export function gramStart({ value, place }: Loaded<LocateCase>): StartRequest {
  const form = checkedForm(value, place);
  const { init, loss, steps } = value;
  const deep =
    form === "deep" ? "init.W" : value.bias ? "bias" : (value.s_in ?? 1) !== 1 ? "s_in" : null;
  if (deep !== null) {
    throw new UsageError({
      place,
      problem: `'${deep}' asks for a model that the gram engine does not have`,
      fix: "use `trace --engine reference`",
    });
  }
  const initial: Initial =
    form === "predictor"
      ? { kind: "predictor", w: init.w! }
      : form === "weights"
        ? { kind: "weights", W1: init.W1!, w2: init.w2! }
        : { kind: "reduced", S: init.S!, beta: init.beta!, q: init.q! };
  const width = form === "predictor" ? null : value.width!;
  return { dataset: datasetOf(value), width, loss, steps, initial };
}

/** The start of a case for the reference engine. @throws UsageError with the key and the fix */
export function referenceStart({ value, place }: Loaded<LocateCase>): ReferenceStart {
  const form = checkedForm(value, place);
  const { init, loss, steps } = value;
  const dataset = datasetOf(value);
  const layout: NetLayout = {
    inputs: dataset.X[0]!.length,
    layers: form === "predictor" ? 0 : form === "deep" ? init.W!.length : 1,
    width: value.width ?? 1,
    bias: form === "deep" && init.b !== undefined,
    inputScale: value.s_in ?? 1,
  };
  const start = (parameters: Float64Array) => ({ dataset, layout, loss, steps, parameters });
  switch (form) {
    case "predictor":
      return start(flattenWeights({ W: [], w: init.w!, biases: null }));
    case "weights":
      return start(flattenWeights({ W: [init.W1!], w: init.w2!, biases: null }));
    case "deep":
      return start(
        flattenWeights({
          W: init.W!,
          w: init.w!,
          biases: layout.bias ? { b: init.b!, b_out: init.b_out! } : null,
        }),
      );
    case "reduced": {
      const reduced = { S: init.S!, beta: init.beta!, q: init.q! };
      const weights = realizeReduced(dataset.X, value.width!, reduced);
      if (weights === null) {
        throw new UsageError({
          place,
          problem: `'init' holds S, beta and q, which no ${value.width} explicit hidden units have`,
          fix: "use the gram engine, or a width above the rank of the data",
        });
      }
      return start(flattenWeights(weights));
    }
  }
}

type Form = "weights" | "reduced" | "predictor" | "deep";

/** The keys that each form of `init` has, and may have. */
const FORMS: readonly { form: Form; needs: (keyof Init)[]; may: (keyof Init)[] }[] = [
  { form: "weights", needs: ["W1", "w2"], may: [] },
  { form: "reduced", needs: ["S", "beta", "q"], may: [] },
  { form: "deep", needs: ["W", "w"], may: ["b", "b_out"] },
  { form: "predictor", needs: ["w"], may: [] },
];

function datasetOf({ data }: LocateCase): Dataset {
  return { name: "case", ...data };
}

/** Which form `init` has, after checking that everything in the case fits together. */
function checkedForm(value: LocateCase, place: string): Form {
  const refuse = (problem: string, fix: string) => new UsageError({ place, problem, fix });
  const { data, init } = value;
  const width = value.width ?? null;
  const keys = Object.keys(init) as (keyof Init)[];
  const form = FORMS.find(
    ({ needs, may }) =>
      needs.every((key) => keys.includes(key)) &&
      keys.every((key) => needs.includes(key) || may.includes(key)),
  )?.form;
  if (form === undefined) {
    throw refuse(
      `'init' has the keys ${keys.length === 0 ? "(none)" : keys.join(", ")}, which is no start`,
      "give W1 and w2; or S, beta and q; or w alone (linear predictor); or W and w (deep net)",
    );
  }
  if (form === "predictor" && width !== null) {
    throw refuse(`'width' is ${width}, but a linear predictor has none`, "leave 'width' out");
  }
  if (form !== "predictor" && width === null) {
    throw refuse("'width' is missing", 'for example `"width": 100`');
  }
  const layers = form === "predictor" ? 0 : form === "deep" ? init.W!.length : 1;
  if ((value.hidden_layers ?? layers) !== layers) {
    throw refuse(
      `'hidden_layers' is ${value.hidden_layers}, but 'init' has ${layers}`,
      `write ${layers}, or leave it out`,
    );
  }
  const hasBias = init.b !== undefined || init.b_out !== undefined;
  if (
    (value.bias ?? hasBias) !== hasBias ||
    (init.b === undefined) !== (init.b_out === undefined)
  ) {
    throw refuse(
      `'bias' is ${value.bias ?? "left out"}, which does not fit the keys of 'init'`,
      'a net with biases has `"bias": true` and both init.b and init.b_out',
    );
  }
  for (const [name, shape, expected] of shapes(value, data.X[0]!.length, width ?? 1)) {
    if (shape !== expected) {
      throw refuse(`'${name}' is ${shape}: must be ${expected}`, "mend the number of values");
    }
  }
  return form;
}

/** Name, shape and expected shape of every array in a case. */
function shapes(value: LocateCase, d: number, m: number): [string, string, string][] {
  const { data, init } = value;
  const n = data.X.length;
  const found: [string, string, string][] = [
    ["data.X", shapeOf(data.X), `${n} × ${d}`],
    ["data.y", String(data.y.length), String(n)],
  ];
  if (init.W1) found.push(["init.W1", shapeOf(init.W1), `${m} × ${d}`]);
  if (init.w2) found.push(["init.w2", String(init.w2.length), String(m)]);
  if (init.S) found.push(["init.S", shapeOf(init.S), `${d} × ${d}`]);
  if (init.beta) found.push(["init.beta", String(init.beta.length), String(d)]);
  if (init.w) found.push(["init.w", String(init.w.length), String(init.W ? m : d)]);
  for (const [l, matrix] of (init.W ?? []).entries()) {
    found.push([`init.W[${l}]`, shapeOf(matrix), `${m} × ${l === 0 ? d : m}`]);
  }
  if (init.b) found.push(["init.b", shapeOf(init.b), `${init.W!.length} × ${m}`]);
  return found;
}

/** `3 × 2`, or `3 × uneven` where the rows differ. */
function shapeOf(matrix: readonly (readonly number[])[]): string {
  const columns = new Set(matrix.map((row) => row.length));
  return `${matrix.length} × ${columns.size === 1 ? [...columns][0] : "uneven"}`;
}
