"""What is settled before anything is done: keys, permissions, limits, bans, faults. It knows no endpoint."""
