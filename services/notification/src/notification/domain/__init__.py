"""Rules of notification without any input or output."""
