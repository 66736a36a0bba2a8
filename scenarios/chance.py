"""Chance by name: each agent and purpose draws from a generator of its own, spawned from one root seed.

A name leads to the same draws whoever else there is and in whatever order generators are made, so adding or muting an
agent shifts nobody else's: runs that differ in one thing are compared under common random numbers.
"""

import hashlib

import numpy as np

_SEPARATOR = "\x1f"  # in no name, so that ("a", "bc") and ("ab", "c") differ


def stream(seed: int, *name: str) -> np.random.Generator:
    """Return the generator of a name under a root seed: Philox, keyed by a hash that every machine computes alike."""
    digest = hashlib.sha256(_SEPARATOR.join(name).encode()).digest()
    key = tuple(int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4))
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))
