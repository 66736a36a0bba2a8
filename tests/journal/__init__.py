"""Tests of the journal: codec, file, recovery, and the golden journal."""
