"""The control API: what whoever runs the venue may do and see. Traders have no use for it."""
