"""The naive reference venue: docs/rules.md a second time, for clarity and not for speed."""
