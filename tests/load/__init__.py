"""Tests of the pure parts of a load run: signing, plan, what traders ask, a reader's book, the report's arithmetic."""
