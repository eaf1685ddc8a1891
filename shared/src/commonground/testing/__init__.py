"""Fixtures for the tests of every block: a real PostgreSQL, tokens, and events through the consumer's own door."""
