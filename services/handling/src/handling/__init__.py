"""Handles cases: workflow, assignment, notes, history, worklists."""
