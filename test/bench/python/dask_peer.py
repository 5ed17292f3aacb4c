"""No-op tasks on Dask distributed: a scheduler and two workers, a process of one thread each."""

import logging

import distributed
from task_peer import main

#: Tasks of one client.map: the graph goes to the scheduler in so many pieces.
BATCH = 1000


def no_op(number):
    return number


if __name__ == "__main__":
    logging.getLogger("distributed").setLevel(logging.ERROR)
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    client = distributed.Client(cluster)
    # A key of its own for every task: equal keys are one task, computed once.
    submitted = 0

    def run_all(count):
        global submitted
        numbers = range(submitted, submitted + count)
        submitted += count
        client.gather(client.map(no_op, numbers, batch_size=BATCH, pure=False))

    def run_one():
        client.submit(no_op, 0, pure=False).result()

    main(f"distributed {distributed.__version__}, 2 workers of 1 thread, map", run_all, run_one)
    client.close()
    cluster.close()
