"""Margincall, a perpetual-futures exchange that you can run: core, journal, projections, dialect, runtime, sockets.

Each folder is a floor and imports only from floors below its own; ARCHITECTURE.md names them. Nothing is imported here,
so that `import exchange` costs nothing.
"""
