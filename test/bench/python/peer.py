"""What the peers share: the problem they are given, the search for their best batch, and timing.

A peer is started as `python3 NAME_peer.py problem.json`. It prints one line of JSON, a list with
its best setting for each dtype, and then answers every line {"dtype": ..., "seconds": ...} on its
standard input by training its best batch over and over for at least that long and printing
{"runs": ..., "seconds": ...}. So a harness can let several peers take turns.

A peer is a list of variants. A variant is a function of (problem, dtype, W1, w2, rates), W1 of
B x d x m (stored transposed, the long axis last), w2 of B x m, rates of B, which returns a function
of `record`: train the batch from its start; return the phase (0 lazy, 1 catapult, 2 divergent) and
the largest loss of each run, and the losses (B x (T + 1)) if `record`, else None.
"""

import json
import sys
import time

import numpy as np

BATCHES = (32, 64, 128, 256, 512, 2048, 8192)

#: A rise counts when L(t+1) - L(t) > RISE[0] L(t) + RISE[1] L(0).
RISE = {"float64": (1e-12, 1e-24), "float32": (2e-6, 1e-12)}


class Problem:
    """Data, width m, steps T, starting weights of some seeds, and cases with known losses."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            text = json.load(file)
        self.X = np.array(text["X"], dtype=np.float64)  # n x d
        self.y = np.array(text["y"], dtype=np.float64)  # n
        self.width = text["width"]
        self.steps = text["steps"]
        self.low, self.high = text["learning_rates"]
        self.W1 = np.array(text["W1"], dtype=np.float64)  # seeds x m x d
        self.w2 = np.array(text["w2"], dtype=np.float64)  # seeds x m
        self.case_seeds = np.array([case["seed"] for case in text["cases"]])
        self.case_rates = np.array([case["learning_rate"] for case in text["cases"]])
        self.case_phases = np.array([case["phase"] for case in text["cases"]])
        self.case_losses = np.array([case["losses"] for case in text["cases"]])

    def start(self, seeds, rates, dtype):
        """Starting weights and learning rates of a batch, seeds given by position."""
        W1 = np.ascontiguousarray(self.W1[seeds].transpose(0, 2, 1), dtype=dtype)
        return W1, self.w2[seeds].astype(dtype), np.asarray(rates, dtype=dtype)

    def batch(self, size, dtype):
        """A batch of the workload: learning rates on a log grid, the seeds in turn."""
        rates = np.geomspace(self.low, self.high, size)
        return self.start(np.arange(size) % len(self.w2), rates, dtype)


def time_runs(train, size, seconds):
    """Trains the batch until `seconds` have passed. Returns runs and seconds."""
    start = time.perf_counter()
    runs = 0
    while True:
        train(False)
        runs += size
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return runs, elapsed


def check_cases(problem, variant, dtype):
    """Largest relative error of any loss of the cases, and the share with the right phase."""
    W1, w2, rates = problem.start(problem.case_seeds, problem.case_rates, dtype)
    phases, _, losses = variant(problem, dtype, W1, w2, rates)(True)
    difference = np.asarray(losses, dtype=np.float64) - problem.case_losses
    return {
        "largest_error": float(np.max(np.abs(difference) / problem.case_losses)),
        "same_phase": float(np.mean(np.asarray(phases) == problem.case_phases)),
    }


def best_setting(problem, variants, dtype):
    """Tries every variant and batch size. Returns the best setting and its function."""
    best = None
    for name, variant in variants.items():
        for size in BATCHES:
            train = variant(problem, dtype, *problem.batch(size, dtype))
            train(False)  # compiles, allocates, warms the caches
            # The best of three, so that a disturbance does not decide.
            timings = [time_runs(train, size, 0.1) for _ in range(3)]
            speed = max(runs / seconds for runs, seconds in timings)
            if best is None or speed > best[0]["runs_per_second"]:
                setting = {
                    "dtype": dtype,
                    "variant": name,
                    "batch": size,
                    "runs_per_second": speed,
                    **check_cases(problem, variant, dtype),
                }
                best = (setting, train, size)
    return best


def main(variants, version):
    problem = Problem(sys.argv[1])
    best = {dtype: best_setting(problem, variants, dtype) for dtype in ("float32", "float64")}
    settings = [{**setting, "version": version} for setting, _, _ in best.values()]
    print(json.dumps(settings), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        _, train, size = best[request["dtype"]]
        runs, seconds = time_runs(train, size, request["seconds"])
        print(json.dumps({"runs": runs, "seconds": seconds}), flush=True)
