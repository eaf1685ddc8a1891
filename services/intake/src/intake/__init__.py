"""Receives reports about public space: text, place, photos, contact data."""
