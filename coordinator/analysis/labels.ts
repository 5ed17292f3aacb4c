/** How the analysis names settings and prints numbers, in the table and in the figure alike. */

/**
 * The name of a data set as a reader writes it: `example2_corrected` → `Example 2 corrected`. A
 * name that is not one of the paper's examples is its author's, and stays as it is.
 */
export function datasetLabel(name: string): string {
  const example = /^example_?(\d+)(?:_(.*))?$/.exec(name);
  if (example === null) return name;
  const [, number, variant] = example;
  return `Example ${number}${variant === undefined ? "" : ` ${variant.replaceAll("_", " ")}`}`;
}

/** The model of a row: `linear predictor`, or its hidden width (none is the infinite width). */
export function modelLabel({ model, width }: { model: string; width: number | null }): string {
  if (model.startsWith("linear_predictor")) return model.replaceAll("_", " ");
  const kind = model === "one_hidden_layer" ? "" : `${model.replaceAll("_", " ")}, `;
  return `${kind}width ${width ?? "∞"}`;
}

/**
 * A positive number with `digits` significant digits, plain between 1e−3 and 1e6 and in scientific
 * notation outside. Trailing zeros stay: they say how many digits are known.
 */
export function significant(value: number, digits: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "NaN";
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude < 1e-3 || magnitude >= 1e6) return value.toExponential(digits - 1);
  // Rounding first settles the exponent: 9.9996 with 4 digits is 10.00, not 10.000.
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  return value.toFixed(Math.max(0, digits - 1 - exponent));
}

/** A number without trailing zeros, for settings and tick labels, which are exact. */
export function plain(value: number): string {
  return String(Number(value.toPrecision(6)));
}
