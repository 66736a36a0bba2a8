"""The processes in which runs are done at the same time. It knows none of them."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of processes, started anew so that they are the same on every system."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
