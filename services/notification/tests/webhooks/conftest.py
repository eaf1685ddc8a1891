"""Webhooks under test: a real receiver over HTTP, events as the webhooks' own consumer gets them."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from aiohttp import web
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from commonground.messaging import Consumer
from commonground.testing.events import record
from notification.deliverer import Deliverer
from notification.tables import webhook_deliveries, webhook_events, webhook_lanes, webhook_queue, webhook_subscriptions
from notification.webhook_incoming import GROUP
from notification.webhook_incoming import webhook_subscriptions as heard

MANAGE = ["webhook:manage"]
PLACE = [6.5625, 52.9967]  # in Assen


@pytest.fixture
def settings(settings):
    """Settings with which a receiver on this machine may be called, and repeats come at once."""
    return settings.model_copy(
        update={
            "webhook_allow_http": True,
            "webhook_allowed_networks": "127.0.0.0/8",
            "webhook_poll": 0.02,
            "webhook_settle": 0.0,
            "webhook_timeout": 2,
            "webhook_lease": 6,
            "webhook_retry_first": 0.05,
            "webhook_concurrency": 3,
            "webhook_keys": SecretStr("a key of the tests"),
        }
    )


@dataclass
class Got:
    """One request that a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """What came in, and how to answer: ``answers[path]`` are used up before it says 204."""

    got: list[Got] = field(default_factory=list)
    answers: dict[str, list] = field(default_factory=dict)
    always: dict[str, int] = field(default_factory=dict)
    hold: dict[str, asyncio.Event] = field(default_factory=dict)
    address: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Got(request.path, headers, await request.read()))
        if request.path in self.hold:
            await self.hold[request.path].wait()
        waiting = self.answers.get(request.path)
        answer = waiting.pop(0) if waiting else self.always.get(request.path, 204)
        if answer == "drop":
            request.transport.abort()
            return web.Response()
        return web.Response(status=answer) if isinstance(answer, int) else answer

    def ids(self, path: str = "/hook") -> list[str]:
        return [got.id for got in self.got if got.path == path]

    def verify(self, secret: str, path: str = "/hook") -> list[dict]:
        """Verify each request with the library of Standard Webhooks; return the events."""
        return [Webhook(secret).verify(got.body, got.headers) for got in self.got if got.path == path]


@asynccontextmanager
async def receiving(host: str = "127.0.0.1", **options) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, 0, shutdown_timeout=0.1, **options)
    await site.start()
    receiver.address = f"http://{host}:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        for event in receiver.hold.values():
            event.set()
        await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture(name="receiving")
def _receiving():
    return receiving


# --- What happens elsewhere ---


@pytest.fixture
def happens(settings, database, report_id):
    """Let the webhooks' consumer hear events: ``await happens.classified("street-lighting")``; returns the id."""
    consumer = Consumer(settings, database, "notification", heard(settings), group=GROUP)
    offsets, sequences = itertools.count(), itertools.count(1)

    class Happens:
        async def event(self, stream, event, data, *, key=None, event_id=None):
            event_id = event_id or str(uuid4())
            data = {"municipality": "GM0106", **data}
            await consumer.handle(
                [
                    record(
                        stream,
                        event,
                        data,
                        key=key or str(report_id),
                        sequence=next(sequences),
                        event_id=event_id,
                        offset=next(offsets),
                    )
                ]
            )
            return event_id

        async def submitted(self, *, report=report_id, place=PLACE, **data):
            geometry = {"type": "Point", "coordinates": place}
            return await self.event(
                "intake.reports",
                "intake.report-submitted",
                {"reportId": str(report), "geometry": geometry, "chosenCategory": None, **data},
                key=str(report),
            )

        async def classified(self, category="street-lighting", *, report=report_id, **data):
            return await self.event(
                "classification.classifications",
                "classification.report-classified",
                {"reportId": str(report), "category": category, **data},
                key=str(report),
            )

        async def routed(self, department="VRL", *, report=report_id, **data):
            return await self.event(
                "routing.routings",
                "routing.report-routed",
                {"reportId": str(report), "department": department, "category": "street-lighting", **data},
                key=str(report),
            )

        async def status(self, status="in-progress", *, report=report_id, event_id=None, **data):
            return await self.event(
                "handling.cases",
                "handling.case-status-changed",
                {"caseId": str(uuid4()), "reportIds": [str(report)], "status": status, **data},
                key=str(report),
                event_id=event_id,
            )

        async def many(self, number):
            return [await self.status() for _ in range(number)]

    return Happens()


# --- Subscriptions ---


@pytest.fixture
def manager(tokens):
    return tokens.bearer("ada", permissions=MANAGE)


@pytest.fixture
def subscribe(client, manager, receiver):
    """Make a subscription through the API; returns the answer with its secret."""
    numbers = itertools.count(1)

    async def make(path="/hook", *, url=None, headers=None, **filters):
        body = {
            "name": f"Afnemer {next(numbers)}",
            "targetUrl": url or receiver.address + path,
            "filter": filters,
        }
        answer = await client.post("/v1/webhook-subscriptions", json=body, headers=headers or manager)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


@pytest.fixture
def look(client, manager):
    """Return a subscription as the API shows it."""

    async def read(subscription):
        answer = await client.get(f"/v1/webhook-subscriptions/{subscription['id']}", headers=manager)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return read


@pytest.fixture
def do(client, manager):
    """Do something with a subscription: ``await do(subscription, "pauses")``."""

    async def post(subscription, what, body=None, status=201):
        address = f"/v1/webhook-subscriptions/{subscription['id']}/{what}"
        answer = await client.post(address, json=body, headers=manager)
        assert answer.status_code == status, answer.text
        return answer.json()

    return post


# --- Sending ---


@pytest.fixture
def deliverer(settings, database):
    return Deliverer(settings, database)


@pytest.fixture
def queue_all(deliverer):
    """Put everything that happened into the queues."""

    async def run():
        while await deliverer.queue_events():
            pass

    return run


@asynccontextmanager
async def delivering(settings, database, **options) -> AsyncIterator[Deliverer]:
    stop = asyncio.Event()
    made = Deliverer(settings, database, **options)
    task = asyncio.create_task(made.run(stop))
    try:
        yield made
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


@pytest.fixture(name="delivering")
def _delivering(settings, database):
    def make(**options):
        return delivering(options.pop("settings", settings), database, **options)

    return make


@pytest.fixture
def waiting(database):
    """Return how many events wait in the queues."""

    async def count(lane=None):
        async with database.transaction() as session:
            query = sa.select(sa.func.count()).select_from(webhook_queue)
            if lane:
                query = query.where(webhook_queue.c.lane == lane)
            return (await session.execute(query)).scalar_one()

    return count


@pytest.fixture
def send_all(queue_all, delivering, waiting, eventually, log):
    """Send everything that fits, until the queues are empty, so many attempts were made, or ``until``."""

    async def run(*, attempts=None, until=None, **options):
        await queue_all()

        async def done():
            if until is not None:
                return await until()
            if attempts is not None:
                return len(await log()) >= attempts
            return await waiting() == 0

        async with delivering(**options):
            await eventually(done)

    return run


@pytest.fixture
def log(database):
    """Return the delivery log, oldest first."""

    async def read(subscription=None):
        async with database.transaction() as session:
            rows = (await session.execute(sa.select(webhook_deliveries).order_by(webhook_deliveries.c.id))).all()
        return [row for row in rows if subscription is None or row.subscription_id == UUID(subscription["id"])]

    return read


@pytest.fixture
def later(database):
    """Let time pass: every moment that the block has written lies so many hours further back."""

    async def shift(hours):
        by = sa.text(f"interval '{hours * 3600} seconds'")
        moments = {
            webhook_lanes: ("due_at", "failing_since"),
            webhook_events: ("received_at", "time"),
            webhook_deliveries: ("at",),
            webhook_subscriptions: ("previous_until", "state_since"),
        }
        async with database.transaction() as session:
            for table, names in moments.items():
                await session.execute(sa.update(table).values({name: table.c[name] - by for name in names}))

    return shift


@pytest.fixture
def lane(database):
    """Return a lane of a subscription as it is kept."""

    async def read(subscription, name="live"):
        table = webhook_lanes
        async with database.transaction() as session:
            found = await session.execute(
                sa.select(table, sa.func.now().label("now")).where(
                    table.c.subscription_id == UUID(subscription["id"]), table.c.lane == name
                )
            )
            return found.one()

    return read
