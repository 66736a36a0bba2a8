"""Index prices: pure path functions (paths, minutes, sources, coupling, history), and the one task that plays them."""
