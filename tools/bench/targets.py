"""What we want to reach on 2 cores with everything on them, by the name of the figure."""

TARGETS = {
    "accept-alone-1": "p50 6 ms",
    "accept-alone-32": "700/s",
    "accept-all-1": "p50 6 ms",
    "accept-all-32": "250/s",
    "share": "40%",
    "chain": "150/s, backlog flat",
    "listed": "p95 0.5 s",
    "mailed": "p95 1.0 s",
    "memory": "1,200 MiB",
    "list": "p50 12 ms; 20 ms at 2,000,000",
    "detail": "p50 8 ms",
    "status": "200/s",
    "map": "p50 25 ms",
    "box": "p50 8 ms",
}
