"""What the task queues share: they run no-op tasks, many at once or one after another.

A peer is started as `python3 NAME_peer.py`. Once its workers are up and warm it prints one line of
JSON, its setting, and then answers lines on its standard input: {"tasks": n} by running n no-op
tasks and printing {"seconds": ...} from the first submission to the last result, and
{"single": n} by submitting n of them, each after the result of the one before, and printing
{"milliseconds": [...]}.
"""

import json
import sys
import time

#: Tasks before the first measurement: connections, imports and caches are there after them.
WARM_UP = 5000


def main(setting, run_all, run_one):
    """`run_all(n)` and `run_one()` return when the results are there."""
    run_all(WARM_UP)
    print(json.dumps({"setting": setting}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "tasks" in request:
            start = time.perf_counter()
            run_all(request["tasks"])
            answer = {"seconds": time.perf_counter() - start}
        else:
            milliseconds = []
            for _ in range(request["single"]):
                start = time.perf_counter()
                run_one()
                milliseconds.append(1000 * (time.perf_counter() - start))
            answer = {"milliseconds": milliseconds}
        print(json.dumps(answer), flush=True)
