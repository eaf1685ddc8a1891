"""The HTTP door: one file per resource; parse, authorise, one use case, answer."""
