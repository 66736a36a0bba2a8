"""Tests of Margincall. They use only what the repository ships, know their seed, and never sleep."""
