"""Prometheus metrics that every block has; labels hold names and numbers, never identifiers of people."""

from prometheus_client import Counter, Gauge, Histogram

requests = Histogram(
    "meldstroom_http_request_seconds",
    "Time to answer a request",
    ["block", "method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
published = Counter("meldstroom_events_published_total", "Events acknowledged by Kafka", ["block"])
consumed = Counter("meldstroom_events_consumed_total", "Events handled", ["block", "topic"])
dead_lettered = Counter("meldstroom_events_dead_lettered_total", "Events that could not be handled", ["block"])
outbox_age = Gauge("meldstroom_outbox_oldest_seconds", "Age of the oldest unpublished event", ["block"])
behind = Gauge("meldstroom_consumer_behind_records", "Records that wait to be handled", ["block", "topic"])
behind_seconds = Gauge("meldstroom_consumer_behind_seconds", "Age of the oldest unhandled event", ["block"])
dead_letters_open = Gauge("meldstroom_dead_letters_open", "Events that wait for somebody's decision", ["block"])
ready = Gauge("meldstroom_ready", "1 while events are handled, 0 after too many failures in a row", ["block"])
