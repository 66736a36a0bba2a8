"""Commands on disk: codec, store, recovery, verification. Nothing here knows a wire, a clock or an event loop."""
