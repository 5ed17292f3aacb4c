/*
 * The same recurrence as scalar.c for VECTORS x LANES runs side by side, a structure of arrays in
 * vector registers, with an exp and a log of its own: how far a kernel is from the machine's limit.
 * gcc -O3 -march=native -DRANK=2 -DSAMPLES=4 vectorised.c -lm
 *
 * With a = exp(-|u|), the sum of log1p(a_i) is one log1p(P), 1 + P = prod (1 + a_i), where P grows
 * by P + a + P a and so loses no digit; and one division, 1 / (1 + P), gives every 1 / (1 + a_i).
 */
#include "kernel.h"

#if defined(__AVX__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define LANES 8
#elif defined(__AVX2__)
#define LANES 4
#else
#define LANES 2
#endif

/* Independent vectors in flight, so that one's latency hides behind another's work. */
#ifndef VECTORS
#define VECTORS (LANES == 8 ? 3 : 2)
#endif
#define GROUP (VECTORS * LANES)

#define EACH_VECTOR                                                                                \
  _Pragma("GCC unroll 8") for (int v = 0; v < VECTORS; v++)
#define UNROLLED _Pragma("GCC unroll 16")
#define INLINE static inline __attribute__((always_inline))

typedef double real __attribute__((vector_size(8 * LANES)));
typedef long long bits __attribute__((vector_size(8 * LANES)));

INLINE real all(double x) { return (real){0} + x; }

/* a where the mask is set, else b; each lane of the mask is 0 or -1. */
INLINE real where(bits mask, real a, real b) { return (real)(((bits)a & mask) | ((bits)b & ~mask)); }

INLINE real magnitude(real x) { return (real)((bits)x & 0x7fffffffffffffffLL); }

#if LANES == 8
INLINE real larger(real a, real b) { return (real)_mm512_max_pd((__m512d)a, (__m512d)b); }
INLINE real where_negative(real x, real a, real b) {
  return (real)_mm512_mask_blend_pd(_mm512_movepi64_mask((__m512i)x), (__m512d)b, (__m512d)a);
}
INLINE int any(bits mask) { return _mm512_movepi64_mask((__m512i)mask) != 0; }
#elif LANES == 4
INLINE real larger(real a, real b) { return (real)_mm256_max_pd((__m256d)a, (__m256d)b); }
INLINE real where_negative(real x, real a, real b) {
  return (real)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)x);
}
INLINE int any(bits mask) { return _mm256_movemask_pd((__m256d)mask) != 0; }
#else
INLINE real larger(real a, real b) { return where(a > b, a, b); }
INLINE real where_negative(real x, real a, real b) { return where((bits)x >> 63, a, b); }
INLINE int any(bits mask) {
  long long found = 0;
  for (int lane = 0; lane < LANES; lane++) found |= mask[lane];
  return found != 0;
}
#endif

/* Adding and subtracting 1.5 * 2^52 rounds to an integer, whose low bits then stand in the sum. */
#define ROUND 6755399441055744.0

#if LANES == 8 && !defined(__clang__)
/*
 * exp(x), -700 <= x <= 0: 2^(k/16) by table (one permutation of two registers) times exp(r),
 * |r| <= ln 2 / 32. The polynomial is a fit of (exp(r) - 1 - r) / r^2; its error is 3e-17.
 */
INLINE real exp_of(real x) {
  const real low = {1.0,
                    0x1.0b5586cf9890fp+0,
                    0x1.172b83c7d517bp+0,
                    0x1.2387a6e756238p+0,
                    0x1.306fe0a31b715p+0,
                    0x1.3dea64c123422p+0,
                    0x1.4bfdad5362a27p+0,
                    0x1.5ab07dd485429p+0};
  const real high = {0x1.6a09e667f3bcdp+0,
                     0x1.7a11473eb0187p+0,
                     0x1.8ace5422aa0dbp+0,
                     0x1.9c49182a3f090p+0,
                     0x1.ae89f995ad3adp+0,
                     0x1.c199bdd85529cp+0,
                     0x1.d5818dcfba487p+0,
                     0x1.ea4afa2a490dap+0};
  const real shifted = x * 0x1.71547652b82fep+4 + ROUND;
  const bits k = (bits)shifted;
  const real whole = shifted - ROUND;
  const real r = (x - whole * 0x1.62e42feep-5) - whole * 0x1.a39ef35793c76p-37;
  real q = r * 0.0013889034377693012 + 0.008333449724528355;
  q = r * q + 0.041666666664959766;
  q = r * q + 0.16666666665301144;
  q = r * q + 0.5;
  const real power = (real)(bits)__builtin_shuffle(low, high, k & 15);
  /* ROUND's low 12 bits are 0, so k << 48 moves k / 16 into the exponent. */
  const real scale = (real)((bits)power + ((k >> 4) << 52));
  return scale * (r * r * q + r) + scale;
}
#else
/* exp(x), -700 <= x <= 0: 2^k exp(r), |r| <= ln 2 / 2, by a polynomial whose error is 2e-17. */
INLINE real exp_of(real x) {
  const real shifted = x * 0x1.71547652b82fep+0 + ROUND;
  const real whole = shifted - ROUND;
  const real r = (x - whole * 0x1.62e42feep-1) - whole * 0x1.a39ef35793c76p-33;
  real q = r * 2.510038549551032e-08 + 2.7620088445409746e-07;
  q = r * q + 2.7557268459997064e-06;
  q = r * q + 2.4801521295954376e-05;
  q = r * q + 0.00019841269863053618;
  q = r * q + 0.0013888888917213717;
  q = r * q + 0.008333333333330062;
  q = r * q + 0.04166666666662413;
  q = r * q + 0.16666666666666669;
  q = r * q + 0.5;
  const real scale = (real)(((bits)shifted << 52) + (bits)all(1.0));
  return scale * (r * r * q + r) + scale;
}
#endif

/*
 * log(1 + P) given Q = 1 + P rounded and 1 / Q, 0 <= P. With Q = 2^k m, sqrt(1/2) <= m < sqrt(2),
 * s = f / (2 + f), f = m - 1: log m = 2 s + s^3 (2/3 + ...); what Q lost of P comes back as a term.
 */
INLINE real log1p_of(real P, real Q, real inverse) {
  const long long root_half = 0x3fe6a09e667f3bcdLL;
  const bits k = ((bits)Q - root_half) >> 52;
  const real f = (real)((bits)Q - (k << 52)) - 1.0;
  const real exponent = (real)(k + (bits)all(ROUND)) - ROUND;
  const real s = f / (f + 2.0);
  const real z = s * s;
  real w = z * 0.14616585424888623 + 0.15331710618210773;
  w = z * w + 0.18182889455674947;
  w = z * w + 0.22222211130259878;
  w = z * w + 0.2857142862600327;
  w = z * w + 0.39999999999899444;
  w = z * w + 0.666666666666667;
  const real lost = (P - (Q - 1.0)) * inverse;
  /* 2 s = f - s f exactly, which keeps the digits of f. */
  const real tail = exponent * 0x1.a39ef35793c76p-33 + lost;
  return exponent * 0x1.62e42feep-1 + (f - (s * (f - z * w) - tail));
}

static void train_group(const struct problem *problem, const double *run, int count,
                        double *results, double *losses) {
  real U[RANK][RANK][VECTORS], rho[RANK][VECTORS], sigma[RANK][VECTORS], s[VECTORS];
  real rate[VECTORS], narrow_rate[VECTORS];
  const double m_inverse = problem->inverse_width;
  const long steps = problem->steps;
  real yz[SAMPLES][RANK];
  for (int i = 0; i < SAMPLES; i++)
    for (int j = 0; j < RANK; j++) yz[i][j] = all(problem->yz[i][j]);

  /* A group that is not full repeats its last run. */
  for (int lane = 0; lane < GROUP; lane++) {
    const double *from = run + (lane < count ? lane : count - 1) * RUN;
    const int v = lane / LANES, l = lane % LANES;
    for (int k = 0; k < RANK; k++) {
      for (int j = 0; j < RANK; j++) U[k][j][v][l] = from[k * RANK + j];
      rho[k][v][l] = from[RANK * RANK + k];
      sigma[k][v][l] = from[RANK * RANK + RANK + k];
    }
    s[v][l] = from[STATE - 1];
    rate[v][l] = from[STATE];
    narrow_rate[v][l] = from[STATE] * m_inverse;
  }

  real previous[VECTORS], maximum[VECTORS], floor[VECTORS], first[VECTORS], excess[VECTORS];
  real bound[VECTORS];
  bits increases[VECTORS];
  long diverged_at[GROUP];
  for (int lane = 0; lane < GROUP; lane++) diverged_at[lane] = -1;
  EACH_VECTOR {
    previous[v] = all(INFINITY); /* no increase at t = 0 */
    maximum[v] = all(0);
    floor[v] = first[v] = excess[v] = all(0);
    bound[v] = all(INFINITY);
    increases[v] = (bits){0};
  }

  for (long t = 0;; t++) {
    real size[VECTORS], beta[RANK][VECTORS], g[RANK][VECTORS], loss[VECTORS];
    EACH_VECTOR {
      real wide = s[v] * s[v], narrow = all(0);
      UNROLLED for (int j = 0; j < RANK; j++) {
        real sum = s[v] * sigma[j][v];
        UNROLLED for (int k = 0; k < RANK; k++) {
          wide += U[k][j][v] * U[k][j][v];
          sum += U[k][j][v] * rho[k][v];
        }
        narrow += rho[j][v] * rho[j][v] + sigma[j][v] * sigma[j][v];
        beta[j][v] = sum;
      }
      size[v] = wide + m_inverse * narrow;
    }

    real u[SAMPLES][VECTORS], a[SAMPLES][VECTORS];
    UNROLLED for (int i = 0; i < SAMPLES; i++) EACH_VECTOR {
      real sum = yz[i][0] * beta[0][v];
      UNROLLED for (int j = 1; j < RANK; j++) sum += yz[i][j] * beta[j][v];
      u[i][v] = sum;
    }
    UNROLLED for (int i = 0; i < SAMPLES; i++) EACH_VECTOR {
      a[i][v] = exp_of(larger(-magnitude(u[i][v]), all(-700)));
    }
    EACH_VECTOR {
      real before[SAMPLES], P = a[0][v], hinge = larger(-u[0][v], all(0));
      before[0] = all(1);
      UNROLLED for (int i = 1; i < SAMPLES; i++) {
        before[i] = P + 1.0;
        P = P * a[i][v] + (P + a[i][v]);
        hinge += larger(-u[i][v], all(0));
      }
      const real Q = P + 1.0;
      real inverse = 1.0 / Q;
      loss[v] = (log1p_of(P, Q, inverse) + hinge) * (1.0 / SAMPLES);
      UNROLLED for (int j = 0; j < RANK; j++) g[j][v] = all(0);
      inverse *= -1.0 / SAMPLES;
      UNROLLED for (int i = SAMPLES - 1; i >= 0; i--) {
        const real slope = where_negative(u[i][v], all(1), a[i][v]) * (inverse * before[i]);
        inverse *= a[i][v] + 1.0;
        UNROLLED for (int j = 0; j < RANK; j++) g[j][v] += slope * yz[i][j];
      }
    }

    if (__builtin_expect(losses != NULL, 0)) {
      for (int lane = 0; lane < count; lane++) {
        if (diverged_at[lane] < 0) losses[lane * (steps + 1) + t] = loss[lane / LANES][lane % LANES];
      }
    }
    if (t == 0) EACH_VECTOR {
      first[v] = loss[v];
      floor[v] = loss[v] * 1e-24;
      bound[v] = SIZE_BOUND * (size[v] + 1.0);
    }
    /* A state of bounded size has a finite loss. */
    bits gone = {0};
    EACH_VECTOR {
      const bits inside = size[v] <= bound[v];
      gone |= ~inside;
      maximum[v] = larger(loss[v], maximum[v]); /* passes over NaN */
    }
    if (__builtin_expect(any(gone), 0)) {
      /* A run that diverged is replaced by one at rest, and its maximum and count stay. */
      for (int lane = 0; lane < GROUP; lane++) {
        const int v = lane / LANES, l = lane % LANES;
        if (size[v][l] <= bound[v][l]) continue;
        diverged_at[lane] = t;
        for (int k = 0; k < RANK; k++) {
          for (int j = 0; j < RANK; j++) U[k][j][v][l] = 0;
          rho[k][v][l] = sigma[k][v][l] = g[k][v][l] = 0;
        }
        s[v][l] = rate[v][l] = narrow_rate[v][l] = 0;
        loss[v][l] = INFINITY;
        previous[v][l] = INFINITY;
        bound[v][l] = INFINITY;
      }
    }
    EACH_VECTOR {
      const bits rise = loss[v] - previous[v] > previous[v] * 1e-12 + floor[v];
      increases[v] -= rise;
      previous[v] = loss[v];
    }
    if (t > steps - JUDGED) EACH_VECTOR excess[v] += loss[v] - first[v];
    if (t == steps) break;

    EACH_VECTOR {
      real along_sigma = all(0);
      UNROLLED for (int k = 0; k < RANK; k++) {
        const real change = narrow_rate[v] * rho[k][v];
        real along = all(0);
        UNROLLED for (int j = 0; j < RANK; j++) {
          along += U[k][j][v] * g[j][v];
          U[k][j][v] -= change * g[j][v];
        }
        rho[k][v] -= rate[v] * along;
        along_sigma += sigma[k][v] * g[k][v];
        sigma[k][v] -= rate[v] * s[v] * g[k][v];
      }
      s[v] -= narrow_rate[v] * along_sigma;
    }
  }

  for (int lane = 0; lane < count; lane++) {
    const int v = lane / LANES, l = lane % LANES;
    double *result = results + lane * RESULT;
    result[0] = diverged_at[lane] >= 0  ? DIVERGENT
                : excess[v][l] >= 0     ? UNSETTLED
                : increases[v][l] > 0   ? CATAPULT
                                        : LAZY;
    result[1] = (double)increases[v][l];
    result[2] = maximum[v][l];
    result[3] = (double)diverged_at[lane];
  }
}

static void train_all(const struct problem *problem, double *results, double *losses) {
  for (long first = 0; first < problem->runs; first += GROUP) {
    const long left = problem->runs - first;
    train_group(problem, problem->run + first * RUN, left < GROUP ? (int)left : GROUP,
                results + first * RESULT,
                losses == NULL ? NULL : losses + first * (problem->steps + 1));
  }
}
