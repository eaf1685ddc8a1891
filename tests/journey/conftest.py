"""The suite as `make up` starts it, and a real browser in front of it."""

import contextlib
import gzip
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from playwright.sync_api import Browser, Page, sync_playwright

from meldstroom_local import places
from meldstroom_local.suite import Suite

BLOCKS = ("intake", "classification", "routing", "handling", "notification", "insight", "gateway")
PHONE = {"width": 360, "height": 780}
DESK = {"width": 1440, "height": 900}
ASSEN = [6.5625, 52.9967]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give journeys more time: the first one starts the whole suite, and may train the model before that."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(900))


class Collector:
    """An OpenTelemetry collector (OTLP over HTTP) that keeps which service made spans of which trace."""

    def __init__(self) -> None:
        self.services: dict[str, set[str]] = {}
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.texts: set[str] = set()
        Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, request: ExportTraceServiceRequest) -> None:
        """Keep the traces of one export."""
        for resource in request.resource_spans:
            name = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.services.setdefault(span.trace_id.hex(), set()).add(name.removeprefix("meldstroom-"))
                    self.texts.add(str(span))

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where all blocks send their traces."""
    made = Collector()
    yield made
    made.close()


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory, collector: "Collector") -> Iterator[Suite]:
    """All blocks, PostgreSQL, Kafka, mail sink and identity provider, on ports of their own."""
    folder = tmp_path_factory.mktemp("suite")
    # The limit on reports per client would count all tests as one resident.
    environment = {"INTAKE_RATE_LIMIT": "none"}
    for block in BLOCKS:
        environment[f"{block.upper()}_OTLP_ENDPOINT"] = collector.url
    with Suite(port=_free_ports(), state_dir=folder, throwaway=True, environment=environment) as started:
        yield started


def _free_ports() -> int:
    """Return a port of which the neighbours that the suite uses are free as well."""
    for port in range(21_000, 60_000, 40):
        if not any(places.listens(port + offset) for offset in range(40)):
            return port
    pytest.fail("no free ports")


@dataclass
class Answer:
    """What the API answered."""

    status: int
    body: Any
    headers: dict[str, str]


class Api:
    """The public API of the suite, with nothing but the standard library, as an outside program would."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._tokens: dict[str, str] = {}

    def token(self, person: str = "coordinator") -> str:
        """Return a bearer token of a ready-made person."""
        if person not in self._tokens:
            self._tokens[person] = self._suite.token(person)
        return self._tokens[person]

    def call(self, method: str, path: str, body: Any = None, *, person: str | None = None, **headers: str) -> Answer:
        """Send one request; header names are given with underscores."""
        head = {"Accept": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if person:
            head["Authorization"] = f"Bearer {self.token(person)}"
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            head["Content-Type"] = "application/json"
        request = urllib.request.Request(self._suite.url + path, data=data, method=method, headers=head)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                raw = answer.read()
                return Answer(answer.status, json.loads(raw) if raw else None, dict(answer.headers))
        except urllib.error.HTTPError as error:
            raw = error.read()
            with contextlib.suppress(ValueError):
                return Answer(error.code, json.loads(raw), dict(error.headers))
            return Answer(error.code, raw[:300], dict(error.headers))

    def report(self, text: str, *, email: str | None = None, key: str | None = None, **more: Any) -> Answer:
        """Submit a report in the middle of the city."""
        body = {"description": text, "location": {"geometry": {"type": "Point", "coordinates": ASSEN}}, **more}
        if email:
            body["contact"] = {"email": email}
        return self.call("POST", "/api/intake/v1/reports", body, Idempotency_Key=key or str(uuid4()))

    def cases(self, query: str, person: str = "coordinator") -> list[dict[str, Any]]:
        """Return a list of cases."""
        answer = self.call("GET", f"/api/handling/v1/cases?{query}", person=person)
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = answer.body["items"]
        return found


@pytest.fixture(scope="session")
def api(suite: Suite) -> Api:
    """The public API."""
    return Api(suite)


def until(probe: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """Wait for ``probe`` to return something; fail with ``what`` when it does not."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)


@pytest.fixture(scope="session")
def wait() -> Callable[..., Any]:
    """Wait for a condition: ``wait(probe, "what is awaited")``."""
    return until


@pytest.fixture
def marker() -> str:
    """A word that only this test uses."""
    return f"proef{uuid4().hex[:10]}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without requests to anyone."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "Chromium is needed; `make test` installs it when it runs as root"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield launched
        launched.close()


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser, suite: Suite, tmp_path: Path) -> Iterator[NewPage]:
    """Open pages in a session of their own; whatever they ask of another host fails the test."""
    foreign: list[str] = []
    errors: list[str] = []
    contexts = []

    def open_page(size: dict[str, int] = PHONE, **options: Any) -> Page:
        context = browser.new_context(viewport=size, base_url=suite.url, locale="nl-NL", **options)
        contexts.append(context)
        page = context.new_page()
        own = (suite.url, suite.urls.get("identity", suite.url), "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(own) else foreign.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(15_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert foreign == []
    assert errors == []
