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
    "list-20000": "820 ms (status filter)",
    "list-200000": "1,369 ms (status filter)",
    "detail-20000": "53 ms",
    "detail-200000": "59 ms",
    "status-20000": "12.1/s at 8 connections",
    "status-200000": "13.3/s at 8 connections",
    "map-20000": "184 ms (first 4,000 of 15,600)",
    "map-200000": "315 ms (first 4,000 of 28,600)",
    "box-20000": "36 ms",
    "box-200000": "54 ms",
    "memory": "844 MiB without its search engine and classifier",
    "start": "2.2 to 2.7 s for its web process alone",
}
