"""Runs in virtual time: what drives them, what they record, what is measured."""
