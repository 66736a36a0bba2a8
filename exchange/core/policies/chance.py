"""Draws that are the same on every machine: a number mixed from what identifies the moment. No generator, no state."""

MIX = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio
WORD = 1 << 64


def drawn(count: int, *seeds: int) -> int:
    """Return a number below `count` that looks drawn by lot, mixed from integers that are not negative."""
    mixed = 0
    for seed in seeds:
        mixed = (mixed ^ seed) * MIX % WORD
        mixed ^= mixed >> 32
    return mixed % count
