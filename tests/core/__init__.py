"""Tests of the core's parts, one by one. What the whole does stands in the market tables."""
