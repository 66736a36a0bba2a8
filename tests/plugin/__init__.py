"""Tests of the pytest plugin: what it gives a bot's own tests."""
