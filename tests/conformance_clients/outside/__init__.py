"""Columns of the matrix whose clients cannot share our environment: each runs from one of its own, pinned here by hash."""
