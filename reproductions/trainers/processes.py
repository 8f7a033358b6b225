"""Independent pieces of work on all processor cores: in processes without Keras, JAX and TensorFlow, or in threads."""

import warnings


def in_processes(function, calls, processes=None):
    """[function(*call) for call in calls], in that order whatever the number of processes.

    function: importable by name. processes: how many at once, None for one per core; 1 stays in this process.
    The processes are new interpreters (joblib's loky): a fork of one where JAX runs its threads can hang. Each has
    one BLAS thread, or they would fight for the cores.
    """
    from joblib import Parallel, cpu_count, delayed, parallel_config

    calls = list(calls)
    processes = max(1, min(processes or cpu_count(), len(calls)))
    with parallel_config("loky", inner_max_num_threads=1), warnings.catch_warnings():
        # A process that held arrays of hundreds of megabytes is taken for a leak and started anew; no work is lost.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
        return Parallel(n_jobs=processes)(delayed(function)(*call) for call in calls)


def in_threads(function, calls, threads=-1):
    """[function(*call) for call in calls], in that order: for work that leaves Python's lock alone and shares large arrays.

    threads: how many at once, -1 for one per core; each has one BLAS thread.
    """
    from joblib import Parallel, delayed
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return Parallel(n_jobs=threads, prefer="threads")(delayed(function)(*call) for call in calls)
