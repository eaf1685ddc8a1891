"""Events that insight publishes: none of its own, only which events it could not handle."""

from commonground.messaging import dead_letters

STREAMS = (dead_letters.stream("insight"),)
