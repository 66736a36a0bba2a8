"""The conformance matrix: the same operations with each client that people use, against a venue in its own process."""
