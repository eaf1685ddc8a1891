"""Classifies reports: category tree, model, predictions with reasons, corrections."""
