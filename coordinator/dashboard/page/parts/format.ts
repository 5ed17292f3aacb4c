/** How the page writes numbers: the same digits everywhere, so that columns can be compared. */

const COUNT = new Intl.NumberFormat("en-GB");

/** 49280 → "49,280". */
export function count(value: number): string {
  return COUNT.format(value);
}

/** "1 cell", "49,280 cells". */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A rate in units a second: "0", "0.25/s", "12,400/s", "1.24 M/s". */
export function rate(per_second: number): string {
  if (!(per_second > 0)) return "0/s";
  if (per_second >= 1e6) return `${(per_second / 1e6).toPrecision(3)} M/s`;
  if (per_second >= 100) return `${count(Math.round(per_second))}/s`;
  return `${Number(per_second.toPrecision(2))}/s`;
}

/** A part of a whole in per cent; neither 0 % nor 100 % unless it is nothing or all of it. */
export function percent(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return "0 %";
  if (part >= whole) return "100 %";
  const value = (100 * part) / whole;
  if (value < 0.1) return "< 0.1 %";
  if (value > 99.9) return "> 99.9 %";
  return `${value < 10 || value > 99 ? value.toFixed(1) : Math.round(value)} %`;
}

/** How long something takes: "under 1 s", "42 s", "3 min 20 s", "5 h 12 min", "3 d 4 h". */
export function duration(length_ms: number): string {
  const seconds = Math.round(length_ms / 1000);
  if (seconds < 1) return "under 1 s";
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return pair(minutes, "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return pair(hours, "h", minutes % 60, "min");
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

function pair(large: number, large_unit: string, small: number, small_unit: string): string {
  return `${large} ${large_unit}${small === 0 ? "" : ` ${small} ${small_unit}`}`;
}

/** A measured number with 4 digits, as the figures print boundaries. */
export function measured(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "NaN";
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude < 1e-3 || magnitude >= 1e6) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e") as [string, string];
    return `${mantissa}·10${superscript(Number(exponent))}`;
  }
  // Rounding first settles the exponent: 9.9996 with 4 digits is 10.00, not 10.000.
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  return value.toFixed(Math.max(0, digits - 1 - exponent)).replace("-", "−");
}

/** A setting or a tick, which is exact: no trailing zeros. */
export function plain(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 1e-3 && magnitude < 1e5))
    return String(Number(value.toPrecision(6)));
  const exponent = Math.floor(Math.log10(magnitude) + 1e-9);
  const mantissa = String(Number((value / 10 ** exponent).toPrecision(6)));
  const power = `10${superscript(exponent)}`;
  return mantissa === "1" ? power : `${mantissa}·${power}`;
}

function superscript(value: number): string {
  return [...String(value)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? "⁻").join("");
}

/** The time of day of a moment (milliseconds since 1970), in the reader's time zone. */
export function timeOfDay(at_ms: number): string {
  return new Date(at_ms).toLocaleTimeString("en-GB");
}
