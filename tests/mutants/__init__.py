"""Planted bugs, one per patch against the core. Each must be caught by the test that its row names."""
