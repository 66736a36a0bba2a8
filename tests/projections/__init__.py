"""Folds tried with events written by hand."""
