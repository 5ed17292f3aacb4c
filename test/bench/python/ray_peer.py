"""No-op tasks on Ray: remote functions on a local cluster of two processors."""

import logging

import ray
from task_peer import main


@ray.remote
def no_op():
    return None


if __name__ == "__main__":
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _system_config={"metrics_report_interval_ms": 60_000},
    )

    def run_all(count):
        ray.get([no_op.remote() for _ in range(count)])

    def run_one():
        ray.get(no_op.remote())

    main(f"ray {ray.__version__}, 2 processors, remote functions", run_all, run_one)
    ray.shutdown()
