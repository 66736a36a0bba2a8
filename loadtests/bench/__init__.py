"""Benchmarks against what else there is: books in process, order round trips, fan-out. They judge nothing."""
