"""Starts the whole suite on one machine: database, broker, mail sink, identity provider and blocks."""
