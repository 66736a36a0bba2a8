"""Tests of index prices: paths, minute files, coupling, candles of the past, the player."""
