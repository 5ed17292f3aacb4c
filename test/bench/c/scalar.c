/*
 * The width-free recurrence in plain C, one run after another, exp and log1p from libm:
 * gcc -O3 -march=native -DRANK=2 -DSAMPLES=4 scalar.c -lm
 *
 *   U' = U - (eta/m) rho g^T   rho' = rho - eta U g   sigma' = sigma - eta s g
 *   s' = s - (eta/m) sigma.g   beta = U^T rho + s sigma
 */
#include "kernel.h"

static void train(const struct problem *problem, const double *run, double *result,
                  double *losses) {
  double U[RANK][RANK], rho[RANK], sigma[RANK], s, beta[RANK], g[RANK];
  memcpy(U, run, sizeof U);
  memcpy(rho, run + RANK * RANK, sizeof rho);
  memcpy(sigma, run + RANK * RANK + RANK, sizeof sigma);
  s = run[STATE - 1];
  const double rate = run[STATE];
  const double narrow_rate = rate * problem->inverse_width;
  const long steps = problem->steps;

  double first = 0, previous = 0, maximum = -INFINITY, excess = 0, bound = 0;
  long increases = 0, diverged_at = -1;
  for (long t = 0;; t++) {
    double wide = s * s, narrow = 0;
    for (int j = 0; j < RANK; j++) {
      double sum = 0;
      for (int k = 0; k < RANK; k++) {
        wide += U[k][j] * U[k][j];
        sum += U[k][j] * rho[k];
      }
      narrow += rho[j] * rho[j] + sigma[j] * sigma[j];
      beta[j] = sum + s * sigma[j];
      g[j] = 0;
    }
    const double size = wide + problem->inverse_width * narrow;
    double loss = 0;
    for (int i = 0; i < SAMPLES; i++) {
      double u = 0;
      for (int j = 0; j < RANK; j++) u += problem->yz[i][j] * beta[j];
      const double e = exp(-fabs(u));
      loss += log1p(e) + (u < 0 ? -u : 0);
      const double slope = (u < 0 ? 1 : e) / (1 + e);
      for (int j = 0; j < RANK; j++) g[j] -= slope * problem->yz[i][j];
    }
    loss *= 1.0 / SAMPLES;
    for (int j = 0; j < RANK; j++) g[j] *= 1.0 / SAMPLES;

    if (losses != NULL) losses[t] = loss;
    if (t == 0) {
      first = previous = loss;
      bound = SIZE_BOUND * (1 + size);
    }
    if (loss > maximum) maximum = loss;
    if (!(size <= bound) || !isfinite(loss)) {
      diverged_at = t;
      break;
    }
    increases += loss - previous > 1e-12 * previous + 1e-24 * first && t > 0;
    previous = loss;
    if (t > steps - JUDGED) excess += loss - first;
    if (t == steps) break;

    double along_sigma = 0;
    for (int k = 0; k < RANK; k++) {
      const double change = narrow_rate * rho[k];
      double along = 0;
      for (int j = 0; j < RANK; j++) {
        along += U[k][j] * g[j];
        U[k][j] -= change * g[j];
      }
      rho[k] -= rate * along;
      along_sigma += sigma[k] * g[k];
      sigma[k] -= rate * s * g[k];
    }
    s -= narrow_rate * along_sigma;
  }
  result[0] = diverged_at >= 0 ? DIVERGENT : excess >= 0 ? UNSETTLED : increases > 0 ? CATAPULT : LAZY;
  result[1] = (double)increases;
  result[2] = maximum;
  result[3] = (double)diverged_at;
}

static void train_all(const struct problem *problem, double *results, double *losses) {
  for (long i = 0; i < problem->runs; i++)
    train(problem, problem->run + i * RUN, results + i * RESULT,
          losses == NULL ? NULL : losses + i * (problem->steps + 1));
}
