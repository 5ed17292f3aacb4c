/*
 * What both C programs share: the file of runs that they read, what they write, and the timing.
 *
 * usage: PROGRAM runs.bin results.bin seconds [losses]
 *
 * runs.bin, all float64: the number of runs, T, 1/m, the data Z (SAMPLES x RANK, row by row), the
 * labels y (SAMPLES), then for each run its initial state (U row by row, rho, sigma, s) and its
 * learning rate. results.bin, float64, for each run: phase (0 lazy, 1 catapult, 2 divergent,
 * 3 unsettled), increases, max L(t), first divergent step or -1; with "losses" the T + 1 losses of
 * every run follow. All runs are trained over and over for at least the given seconds, and one line
 * of JSON says how many there were and how long they took, reading and writing left out.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STATE (RANK * RANK + 2 * RANK + 1)
#define RUN (STATE + 1)
#define RESULT 4
#define JUDGED 20
#define SIZE_BOUND 1e12

enum { LAZY, CATAPULT, DIVERGENT, UNSETTLED };

struct problem {
  long runs;
  long steps;
  double inverse_width;
  /* y_i z_ij, so that u_i = y_i f_i = sum_j yz_ij beta_j */
  double yz[SAMPLES][RANK];
  /* runs x RUN */
  const double *run;
};

/* Trains every run. results: runs x RESULT; losses: runs x (steps + 1), or NULL. */
static void train_all(const struct problem *problem, double *results, double *losses);

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static double *allocate(size_t count) {
  double *memory = aligned_alloc(64, (count * sizeof(double) + 63) / 64 * 64);
  if (memory == NULL) fail("out of memory");
  return memory;
}

int main(int argc, char **argv) {
  if (argc < 4) fail("usage: PROGRAM runs.bin results.bin seconds [losses]");
  FILE *in = fopen(argv[1], "rb");
  double header[3 + SAMPLES * RANK + SAMPLES];
  if (in == NULL || fread(header, sizeof header, 1, in) != 1) fail("cannot read the runs");
  struct problem problem = {
      .runs = (long)header[0], .steps = (long)header[1], .inverse_width = header[2]};
  const double *labels = header + 3 + SAMPLES * RANK;
  for (int i = 0; i < SAMPLES; i++)
    for (int j = 0; j < RANK; j++) problem.yz[i][j] = labels[i] * header[3 + i * RANK + j];
  size_t runs = (size_t)problem.runs;
  double *run = allocate(runs * RUN);
  if (fread(run, sizeof(double) * RUN, runs, in) != runs) fail("the file of runs is too short");
  fclose(in);
  problem.run = run;

  size_t traced = argc > 4 && strcmp(argv[4], "losses") == 0 ? runs * (size_t)(problem.steps + 1) : 0;
  double *results = allocate(runs * RESULT);
  double *losses = traced > 0 ? allocate(traced) : NULL;
  double wanted = atof(argv[3]);
  double start = seconds_now();
  double elapsed;
  long passes = 0;
  do {
    train_all(&problem, results, losses);
    passes++;
    elapsed = seconds_now() - start;
  } while (elapsed < wanted);
  printf("{\"runs\": %ld, \"seconds\": %.9f}\n", passes * problem.runs, elapsed);

  FILE *out = fopen(argv[2], "wb");
  if (out == NULL || fwrite(results, sizeof(double) * RESULT, runs, out) != runs ||
      (traced > 0 && fwrite(losses, sizeof(double), traced, out) != traced) || fclose(out) != 0)
    fail("cannot write the results");
  return 0;
}
