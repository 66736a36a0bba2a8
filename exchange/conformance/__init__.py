"""Suites that the package ships: published numbers and rules of conduct, held against what the core itself calls."""
