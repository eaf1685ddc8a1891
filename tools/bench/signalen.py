"""What Signalen measured on a machine of the same size; see docs/performance.md for source and circumstances.

Amsterdam/signals 2.50.12 (commit adbe8fc) on 2 vCPU and 24 GiB, measured on 2026-11-22.
"""

FIGURES = {
    "accept-all-1": "6.96/s, p50 139 ms",
    "accept-all-8": "10.6/s, p50 730 ms",
    "accept-all-32": "10.6/s, p50 2,579 ms",
    "accept-alone-1": "9.2/s, p50 100 ms",
    "accept-alone-8": "21.1/s, p50 303 ms",
    "accept-alone-32": "20.9/s, p50 1,278 ms",
    "chain": "below 10/s (its backlog grew at 10.6)",
    "listed": "not measured",
    "mailed": "not measured",
    "list": "820 ms at 20,000, 1,369 ms at 200,000 (status filter)",
    "detail": "53 ms, 59 ms",
    "status": "12.1/s, 13.3/s",
    "map-plain": "184 ms (first 4,000 of 15,600), 315 ms (first 4,000 of 28,600)",
    "box": "36 ms, 54 ms",
    "memory": "844 MiB without its search engine and classifier",
    "start": "2.2 to 2.7 s for its web process alone",
}
