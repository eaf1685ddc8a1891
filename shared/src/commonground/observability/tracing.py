"""W3C trace context from the first request to the last event, through OpenTelemetry.

Without a collector a process keeps only the identifiers, which is the cheap part of a span, and passes them on. No
sampling: an event carries the trace of the request that caused it, also when the caller's flag says that it does not
record.
"""

import re
import secrets
import time
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags, set_span_in_context

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_exporting: "dict[str, TracerProvider]" = {}  # holds one, when spans leave this process


def configure(block: str, otlp_endpoint: str = "", processor: "SpanProcessor | None" = None) -> None:
    """Set up tracing for this process; ``processor`` is for tests that look at the spans."""
    _exporting.clear()
    if not otlp_endpoint and processor is None:
        return
    # Here and not above: the SDK and its exporter bring much that most processes never need.
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource({"service.name": f"meldstroom-{block}"}))
    if otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        address = f"{otlp_endpoint.rstrip('/')}/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    if processor is not None:
        provider.add_span_processor(processor)
    _exporting["provider"] = provider


def shut_down() -> None:
    """Send what is still waiting."""
    provider = _exporting.pop("provider", None)
    if provider is not None:
        provider.shutdown()


def start_span(name: str, traceparent: str | None) -> Span:
    """Start the span of a request as a child of ``traceparent``, or of a new trace; the caller ends it."""
    parent = _parse(traceparent)
    provider = _exporting.get("provider")
    if provider is None:  # nobody collects: the identifiers are all that is needed, and the cheap part of a span
        fresh = SpanContext(
            parent.trace_id if parent else secrets.randbits(128) or 1,
            secrets.randbits(64) or 1,
            is_remote=False,
            trace_flags=_SAMPLED,
        )
        return NonRecordingSpan(fresh)
    context = set_span_in_context(NonRecordingSpan(parent)) if parent else None
    return provider.get_tracer("commonground").start_span(name, context=context, kind=SpanKind.SERVER)


def current_traceparent() -> str:
    """Return the trace context of the running request, or of a new trace outside of any."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        return _format(context.trace_id, context.span_id)
    return _format(secrets.randbits(128) or 1, secrets.randbits(64) or 1)


def current_trace_id() -> str:
    """Return the running trace as 32 hexadecimal digits, empty outside of any."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


def child_of(traceparent: str | None) -> str:
    """Return a context with a new span in the trace of ``traceparent``: what an event causes hangs below it."""
    known = _TRACEPARENT.match(traceparent or "")
    trace_id = known[1] if known else f"{secrets.randbits(128) or 1:032x}"
    return f"00-{trace_id}-{secrets.randbits(64) or 1:016x}-01"


def record_consumed(event_type: str, traceparent: str, started_ns: int) -> None:
    """Record that an event was handled, as a span from ``started_ns`` until now."""
    provider = _exporting.get("provider")
    if provider is None or (context := _parse(traceparent)) is None:
        return
    span = provider.get_tracer("commonground").start_span(
        f"consume {event_type}",
        context=set_span_in_context(NonRecordingSpan(context)),
        kind=SpanKind.CONSUMER,
        start_time=started_ns,
    )
    span.end(time.time_ns())


def _format(trace_id: int, span_id: int) -> str:
    return f"00-{trace_id:032x}-{span_id:016x}-01"


def _parse(traceparent: str | None) -> SpanContext | None:
    parts = (traceparent or "").split("-")
    if len(parts) != 4 or len(parts[1]) != 32 or len(parts[2]) != 16:  # noqa: PLR2004 - the W3C format
        return None
    try:
        context = SpanContext(int(parts[1], 16), int(parts[2], 16), is_remote=True, trace_flags=_SAMPLED)
    except ValueError:
        return None
    return context if context.is_valid else None
