/**
 * exp and log1p for two vectors of two numbers at once, from + − × ÷, shifts and selects alone, so
 * that they have the same bits on every machine. Errors: at most 2 ulp. exp overflows to Infinity
 * and underflows gradually as IEEE 754 says; NaN in, NaN out.
 *
 * Two vectors share every constant and give the processor two independent chains. Constants are
 * loaded from memory: the compiler would build a literal anew, in several instructions, at each use.
 */

/**
 * 0 rounds to an integer when added (1.5 · 2^52), 1–2 clamp, 3–5 are 1/ln 2 and ln 2 in two parts,
 * 12–21 the coefficients of q in e^r = 1 + r + r² q(r) (minimax on |r| ≤ ½ ln 2, error 2^−56),
 * 22–27 and 10 those of P in log1p (minimax on s² ≤ 0.0295), 8 is 2^52 + 1023, 28–29 bound what takes one
 * factor, 30 is the sign bit.
 */
const CONSTANTS = memory.data<f64>([
  6755399441055744,
  710,
  -746,
  1.4426950408889634,
  0.6931471803691238,
  1.9082149292705877e-10,
  1,
  0.5,
  4503599627371519,
  2,
  0.14795989363013706,
  4,
  0.5000000000000011,
  0.16666666666666413,
  0.041666666666530155,
  0.008333333333493944,
  0.0013888888943629312,
  0.00019841269507827095,
  2.4801493100839022e-5,
  2.755758514800001e-6,
  2.7630247368510246e-7,
  2.5000483701807723e-8,
  0.6666666666666734,
  0.39999999999414587,
  0.28571428742410226,
  0.22222198570689494,
  0.18183564464539875,
  0.15314046795553646,
  -708,
  708,
  -0.0,
]);
/** The bits of 1, the same less the bits of √½, twice the exponent bias, the bits of 2^52. */
const INTEGERS = memory.data<u64>([
  0x3ff0000000000000,
  0x95f619980c433,
  0x7fe,
  0x4330000000000000,
]);

// @ts-ignore: decorator
@inline
export function constant(i: usize): v128 {
  return v128.load64_splat(CONSTANTS + i * 8);
}

/** −|x| */
// @ts-ignore: decorator
@inline
export function minusSize(x: v128): v128 {
  return v128.or(x, constant(30));
}

// @ts-ignore: decorator
@inline
function integer(i: usize): v128 {
  return v128.load64_splat(INTEGERS + i * 8);
}

/** 2^h for integers h in [−1022, 1023], given MAGIC + h. */
// @ts-ignore: decorator
@inline
function powerOfTwo(magicPlusH: v128): v128 {
  return i64x2.add(i64x2.shl(magicPlusH, 52), integer(0));
}

/**
 * e^x and e^y: e^r = 1 + (r + r² q(r)) with x = k ln 2 + r, then scaled by 2^k, in two factors
 * where one would leave the range of normal numbers. The second result is in second().
 */
// @ts-ignore: decorator
@inline
export function expPair(x: v128, y: v128, mayBePositive: bool): v128 {
  let outside = v128.or(f64x2.lt(x, constant(28)), f64x2.lt(y, constant(28)));
  if (mayBePositive) {
    outside = v128.or(
      outside,
      v128.or(f64x2.gt(x, constant(29)), f64x2.gt(y, constant(29))),
    );
  }
  // NaN takes the short way: no bit of the NaNs that arithmetic makes is moved into the exponent.
  if (v128.any_true(outside)) {
    v128.store(SECOND, expOfAny(y));
    return expOfAny(x);
  }
  const magic = constant(0);
  const c3 = constant(3);
  const sx = f64x2.add(f64x2.mul(x, c3), magic);
  const sy = f64x2.add(f64x2.mul(y, c3), magic);
  const kx = f64x2.sub(sx, magic);
  const ky = f64x2.sub(sy, magic);
  const high = constant(4);
  const lowPart = constant(5);
  const rx = f64x2.sub(f64x2.sub(x, f64x2.mul(kx, high)), f64x2.mul(kx, lowPart));
  const ry = f64x2.sub(f64x2.sub(y, f64x2.mul(ky, high)), f64x2.mul(ky, lowPart));
  const rx2 = f64x2.mul(rx, rx);
  const ry2 = f64x2.mul(ry, ry);
  const rx4 = f64x2.mul(rx2, rx2);
  const ry4 = f64x2.mul(ry2, ry2);
  const c12 = constant(12);
  const c13 = constant(13);
  const c14 = constant(14);
  const c15 = constant(15);
  const lx = f64x2.add(
    f64x2.add(c12, f64x2.mul(c13, rx)),
    f64x2.mul(f64x2.add(c14, f64x2.mul(c15, rx)), rx2),
  );
  const ly = f64x2.add(
    f64x2.add(c12, f64x2.mul(c13, ry)),
    f64x2.mul(f64x2.add(c14, f64x2.mul(c15, ry)), ry2),
  );
  const c16 = constant(16);
  const c17 = constant(17);
  const c18 = constant(18);
  const c19 = constant(19);
  const mx = f64x2.mul(
    f64x2.add(
      f64x2.add(c16, f64x2.mul(c17, rx)),
      f64x2.mul(f64x2.add(c18, f64x2.mul(c19, rx)), rx2),
    ),
    rx4,
  );
  const my = f64x2.mul(
    f64x2.add(
      f64x2.add(c16, f64x2.mul(c17, ry)),
      f64x2.mul(f64x2.add(c18, f64x2.mul(c19, ry)), ry2),
    ),
    ry4,
  );
  const c20 = constant(20);
  const c21 = constant(21);
  const hx = f64x2.mul(f64x2.add(c20, f64x2.mul(c21, rx)), f64x2.mul(rx4, rx4));
  const hy = f64x2.mul(f64x2.add(c20, f64x2.mul(c21, ry)), f64x2.mul(ry4, ry4));
  const qx = f64x2.add(f64x2.add(lx, mx), hx);
  const qy = f64x2.add(f64x2.add(ly, my), hy);
  const one = constant(6);
  const ex = f64x2.add(one, f64x2.add(rx, f64x2.mul(rx2, qx)));
  const ey = f64x2.add(one, f64x2.add(ry, f64x2.mul(ry2, qy)));
  // Adding k to the exponent field is multiplying by 2^k.
  v128.store(SECOND, i64x2.add(ey, i64x2.shl(sy, 52)));
  return i64x2.add(ex, i64x2.shl(sx, 52));
}

/** Where the pair functions leave their second result. */
const SECOND = memory.data(16, 16);

// @ts-ignore: decorator
@inline
export function second(): v128 {
  return v128.load(SECOND);
}

function expOfAny(x: v128): v128 {
  const magic = constant(0);
  // pmin and pmax return their first operand when a comparison with NaN fails, so NaN passes.
  const bounded = f64x2.pmax(f64x2.pmin(x, constant(1)), constant(2));
  const k = f64x2.sub(f64x2.add(f64x2.mul(bounded, constant(3)), magic), magic);
  const half = f64x2.add(f64x2.mul(k, constant(7)), magic);
  const rest = f64x2.add(f64x2.sub(k, f64x2.sub(half, magic)), magic);
  const value = expOfReduced(bounded, k);
  return f64x2.mul(f64x2.mul(value, powerOfTwo(half)), powerOfTwo(rest));
}

/** e^(x − k ln 2) */
// @ts-ignore: decorator
@inline
function expOfReduced(x: v128, k: v128): v128 {
  const r = f64x2.sub(
    f64x2.sub(x, f64x2.mul(k, constant(4))),
    f64x2.mul(k, constant(5)),
  );
  const r2 = f64x2.mul(r, r);
  const r4 = f64x2.mul(r2, r2);
  const a = f64x2.add(constant(12), f64x2.mul(constant(13), r));
  const b = f64x2.add(constant(14), f64x2.mul(constant(15), r));
  const c = f64x2.add(constant(16), f64x2.mul(constant(17), r));
  const d = f64x2.add(constant(18), f64x2.mul(constant(19), r));
  const e = f64x2.add(constant(20), f64x2.mul(constant(21), r));
  const low = f64x2.add(a, f64x2.mul(b, r2));
  const middle = f64x2.mul(f64x2.add(c, f64x2.mul(d, r2)), r4);
  const high = f64x2.mul(e, f64x2.mul(r4, r4));
  const q = f64x2.add(f64x2.add(low, middle), high);
  return f64x2.add(constant(6), f64x2.add(r, f64x2.mul(r2, q)));
}

/** c0 + c1 x */
// @ts-ignore: decorator
@inline
function pair(c0: f64, c1: f64, x: v128): v128 {
  return f64x2.add(f64x2.splat(c0), f64x2.mul(f64x2.splat(c1), x));
}

/**
 * log(1 + x) for 0 ≤ x < 2^1000, to full relative accuracy near 0, of two vectors.
 *
 * u = 1 + x rounded, `lost` what the rounding lost; u = 2^k m, m in [√½, √2), f = m − 1,
 * s = f/(2 + f), z = s²: log(1 + f) = f − (f²/2 − s (f²/2 + z P(z))).
 */
// @ts-ignore: decorator
@inline
export function log1pPair(x: v128, y: v128): v128 {
  const one = constant(6);
  const ux = f64x2.add(one, x);
  const uy = f64x2.add(one, y);
  const ax = f64x2.sub(ux, one);
  const ay = f64x2.sub(uy, one);
  const lostX = f64x2.add(f64x2.sub(one, f64x2.sub(ux, ax)), f64x2.sub(x, ax));
  const lostY = f64x2.add(f64x2.sub(one, f64x2.sub(uy, ay)), f64x2.sub(y, ay));
  // The exponent of u / √½, biased: m is in [√½, √2) then.
  const offset = integer(1);
  const biasedX = i64x2.shr_u(i64x2.add(ux, offset), 52);
  const biasedY = i64x2.shr_u(i64x2.add(uy, offset), 52);
  const twiceBias = integer(2);
  const scaleX = i64x2.shl(i64x2.sub(twiceBias, biasedX), 52); // 2^−k
  const scaleY = i64x2.shl(i64x2.sub(twiceBias, biasedY), 52);
  // An integer below 2^52, put into the bits of 2^52, is that number added to it.
  const bits = integer(3);
  const bias = constant(8);
  const kx = f64x2.sub(v128.or(biasedX, bits), bias);
  const ky = f64x2.sub(v128.or(biasedY, bits), bias);
  const fx = f64x2.sub(f64x2.mul(ux, scaleX), one);
  const fy = f64x2.sub(f64x2.mul(uy, scaleY), one);
  const two = constant(9);
  const reciprocalX = f64x2.div(one, f64x2.add(two, fx));
  const reciprocalY = f64x2.div(one, f64x2.add(two, fy));
  const sx = f64x2.mul(fx, reciprocalX);
  const sy = f64x2.mul(fy, reciprocalY);
  const zx = f64x2.mul(sx, sx);
  const zy = f64x2.mul(sy, sy);
  const wx = f64x2.mul(zx, zx);
  const wy = f64x2.mul(zy, zy);
  const p0 = constant(22);
  const p1 = constant(23);
  const p2 = constant(24);
  const p3 = constant(25);
  const lowX = f64x2.add(
    f64x2.add(p0, f64x2.mul(p1, zx)),
    f64x2.mul(wx, f64x2.add(p2, f64x2.mul(p3, zx))),
  );
  const lowY = f64x2.add(
    f64x2.add(p0, f64x2.mul(p1, zy)),
    f64x2.mul(wy, f64x2.add(p2, f64x2.mul(p3, zy))),
  );
  const p4 = constant(26);
  const p5 = constant(27);
  const p6 = constant(10);
  const highX = f64x2.add(f64x2.add(p4, f64x2.mul(p5, zx)), f64x2.mul(wx, p6));
  const highY = f64x2.add(f64x2.add(p4, f64x2.mul(p5, zy)), f64x2.mul(wy, p6));
  const RX = f64x2.mul(zx, f64x2.add(lowX, f64x2.mul(f64x2.mul(wx, wx), highX)));
  const RY = f64x2.mul(zy, f64x2.add(lowY, f64x2.mul(f64x2.mul(wy, wy), highY)));
  const half = constant(7);
  const halfX = f64x2.mul(f64x2.mul(half, fx), fx);
  const halfY = f64x2.mul(f64x2.mul(half, fy), fy);
  // lost/u, where 1/m may be approximate: (2/(2 + f))² is 1/(1 + f) to 3 %, and lost is tiny.
  const four = constant(11);
  const correctionX = f64x2.mul(
    f64x2.mul(lostX, scaleX),
    f64x2.mul(four, f64x2.mul(reciprocalX, reciprocalX)),
  );
  const correctionY = f64x2.mul(
    f64x2.mul(lostY, scaleY),
    f64x2.mul(four, f64x2.mul(reciprocalY, reciprocalY)),
  );
  const low = constant(5);
  const high = constant(4);
  const innerX = f64x2.add(
    f64x2.mul(sx, f64x2.add(halfX, RX)),
    f64x2.add(f64x2.mul(kx, low), correctionX),
  );
  const innerY = f64x2.add(
    f64x2.mul(sy, f64x2.add(halfY, RY)),
    f64x2.add(f64x2.mul(ky, low), correctionY),
  );
  v128.store(
    SECOND,
    f64x2.add(f64x2.mul(ky, high), f64x2.sub(fy, f64x2.sub(halfY, innerY))),
  );
  return f64x2.add(f64x2.mul(kx, high), f64x2.sub(fx, f64x2.sub(halfX, innerX)));
}
