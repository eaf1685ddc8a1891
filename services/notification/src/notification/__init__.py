"""Tells reporters what happens to their report: templates, e-mail, delivery log."""
