"""Tells reporters what happens: templates, e-mail, delivery log."""
