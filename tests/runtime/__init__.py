"""Tests of the runtime: the single writer, keys, settings, app."""
