"""Insight's HTTP door, one file per resource."""
