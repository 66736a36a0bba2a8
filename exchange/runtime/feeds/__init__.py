"""Index prices: pure path functions (paths, minutes, sources, coupling, backfill), and the one task that plays them."""
