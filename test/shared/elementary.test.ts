import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exp, exp2, log, log1p } from "../../shared/elementary.ts";

// biome-ignore-start lint/suspicious/noApproximativeNumericConstant: a table of values is meant
// [x, f(x)] rounded from 400-bit arithmetic (mpmath).
const EXP = [
  [-745.1, 5e-324],
  [-740.3, 3.1e-322],
  [-708.5, 2.006132305331306e-308],
  [-700.25, 7.678723813110872e-305],
  [-87.3, 1.2192470959520051e-38],
  [-20.125, 1.8189616875530459e-9],
  [-1.7, 0.18268352405273466],
  [-0.35, 0.7046880897187134],
  [-0.3465, 0.7071588192872713],
  [-0.001, 0.999000499833375],
  [-1e-17, 1.0],
  [0.0, 1.0],
  [1e-9, 1.000000001],
  [0.2, 1.2214027581601699],
  [0.34657, 1.4142084849595797],
  [0.34658, 1.41422262711514],
  [0.5, 1.6487212707001282],
  [1.0, 2.718281828459045],
  [2.5, 12.182493960703473],
  [10.1, 24343.00942440838],
  [88.7, 3.325986980250579e38],
  [300.3, 2.6220013776845454e130],
  [709.7, 1.6549840276802644e308],
];
const LOG = [
  [5e-324, -744.4400719213812],
  [1e-310, -713.8013788281542],
  [2.3e-308, -708.363299519231],
  [1e-100, -230.25850929940458],
  [0.1, -2.3025850929940455],
  [0.5, -0.6931471805599453],
  [0.7071, -0.346583180371942],
  [0.7072, -0.3464417676587033],
  [0.9999999, -1.0000000494736474e-7],
  [1.0, 0.0],
  [1.0000000001, 1.000000082690371e-10],
  [1.414, 0.34642256747438094],
  [1.4143, 0.34663470904431704],
  [2.0, 0.6931471805599453],
  [3.3, 1.1939224684724346],
  [10000000000.0, 23.025850929940457],
  [1e300, 690.7755278982137],
  [1.7e308, 709.7268368932282],
];
const LOG1P = [
  [-0.9999999999, -23.02585084720009],
  [-0.75, -1.3862943611198906],
  [-0.5, -0.6931471805599453],
  [-0.3, -0.35667494393873234],
  [-1e-5, -1.0000050000333337e-5],
  [-1e-20, -1e-20],
  [0.0, 0.0],
  [5e-324, 5e-324],
  [1e-300, 1e-300],
  [1e-16, 1e-16],
  [1.3e-8, 1.2999999915500002e-8],
  [0.001, 0.0009995003330835331],
  [0.25, 0.22314355131420976],
  [0.41, 0.3435897043900769],
  [0.42, 0.35065687161316933],
  [0.5, 0.4054651081081644],
  [1.0, 0.6931471805599453],
  [3.7, 1.547562508716013],
  [100000.0, 11.51293546492023],
  [1e17, 39.14394658089878],
  [1e300, 690.7755278982137],
];
const EXP2 = [
  [-1050.5, 5.8612406e-317],
  [-30.25, 7.831458144390159e-10],
  [-0.5, 0.7071067811865476],
  [-0.0625, 0.9576032806985737],
  [0.5, 1.4142135623730951],
  [0.0078125, 1.0054299011128027],
  [0.25, 1.189207115002721],
  [3.75, 13.454342644059432],
  [1000.125, 1.1684884217540046e301],
];

// biome-ignore-end lint/suspicious/noApproximativeNumericConstant: a table of values is meant

/** The place of a double in the order of all doubles, so that differences count ulps. */
function ordinal(x: number): bigint {
  const bits = new BigInt64Array(new Float64Array([x]).buffer)[0]!;
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
}

function ulps(a: number, b: number): number {
  return Math.abs(Number(ordinal(a) - ordinal(b)));
}

describe("against high-precision values", () => {
  for (const [name, f, values] of [
    ["exp", exp, EXP],
    ["log", log, LOG],
    ["log1p", log1p, LOG1P],
    ["exp2", exp2, EXP2],
  ] as const) {
    test.each(values)(`${name}(%d)`, (x, expected) => {
      expect(ulps(f(x!), expected!)).toBeLessThanOrEqual(2);
    });
  }
});

describe("against the platform, which may itself be an ulp off", () => {
  const property = (from: number, to: number, f: (x: number) => number, g: typeof f) =>
    fc.assert(
      fc.property(fc.double({ min: from, max: to, noNaN: true }), (x) => {
        expect(ulps(f(x), g(x))).toBeLessThanOrEqual(3);
      }),
      { numRuns: 5000, seed: 1 },
    );

  test("exp", () => {
    property(-745, 709.7, exp, Math.exp);
    property(-1, 1, exp, Math.exp);
  });
  test("log", () => {
    property(5e-324, Number.MAX_VALUE, log, Math.log);
    property(0.5, 2, log, Math.log);
  });
  test("log1p", () => {
    property(
      -0.999,
      1,
      (x) => log1p(x) + 0,
      (x) => Math.log1p(x) + 0,
    );
    property(0, 1e18, log1p, Math.log1p);
  });
});

describe("edges", () => {
  test("exp overflows to Infinity and underflows gradually to 0", () => {
    expect(exp(709.782712893384)).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(exp(709.7827128933841)).toBe(Number.POSITIVE_INFINITY);
    expect(exp(1e300)).toBe(Number.POSITIVE_INFINITY);
    expect(exp(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(exp(-745.13)).toBe(5e-324);
    expect(exp(-745.14)).toBe(0);
    expect(exp(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(exp(0)).toBe(1);
    expect(exp(Number.NaN)).toBeNaN();
  });

  test("exp2 of an integer is exact", () => {
    for (let k = -1074; k <= 1023; k++) expect(exp2(k)).toBe(2 ** k);
    expect(exp2(1024)).toBe(Number.POSITIVE_INFINITY);
    expect(exp2(-1076)).toBe(0);
    expect(exp2(Number.NaN)).toBeNaN();
  });

  test("log and log1p at the ends of their domains", () => {
    expect(log(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(log(-1)).toBeNaN();
    expect(log(Number.NaN)).toBeNaN();
    expect(log(1)).toBe(0);
    expect(log(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(log1p(-1)).toBe(Number.NEGATIVE_INFINITY);
    expect(log1p(-2)).toBeNaN();
    expect(log1p(Number.NaN)).toBeNaN();
    expect(log1p(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(log1p(Number.MAX_VALUE)).toBe(log(Number.MAX_VALUE));
  });
});
