"""Benchmarks: what a venue costs, as ratios within one run. They are run by hand and time nothing in the tests."""
