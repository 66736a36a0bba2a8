"""Tests that kill, and look at what is left."""
