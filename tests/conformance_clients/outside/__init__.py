"""Columns of the matrix whose clients cannot share our environment: each has one of its own, pinned by hash here."""
