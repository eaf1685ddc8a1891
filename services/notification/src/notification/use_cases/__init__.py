"""One function per thing that somebody can do with notification."""
