"""Structured logs, traces that follow a report through all blocks, and metrics."""
