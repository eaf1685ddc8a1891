"""Rules of handling without any input or output."""
