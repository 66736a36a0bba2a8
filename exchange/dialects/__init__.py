"""Dialects: pure translation between a wire's text and the venue's commands, events and numbers. No sockets."""
