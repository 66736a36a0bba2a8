"""The venue: one pure, integer, deterministic state machine. No clock, no chance, no I/O, no float, no asyncio."""
