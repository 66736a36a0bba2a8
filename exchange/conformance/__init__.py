"""Suites that the package ships: published numbers and rules of conduct, held against what the core itself calls."""

from exchange.conformance.check_policy import check_policy

__all__ = ["check_policy"]
