"""The simulator: long random lives of a venue, lived by the core and by the naive reference side by side."""
