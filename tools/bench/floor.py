"""The floor: the least that a FastAPI endpoint with asyncpg does to keep the same rows as intake.

``python -m tools.bench.floor PORT DATABASE_URL`` serves ``POST /v1/reports``: it checks the body with pydantic and
inserts the report, the idempotency key and three outbox rows in one transaction of plain SQL. No other rule, header,
log, trace or metric: what intake does on top is the difference.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import uuid4

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI, Header
from pydantic import BaseModel

_TABLES = """
CREATE SEQUENCE IF NOT EXISTS floor_numbers;
CREATE TABLE IF NOT EXISTS floor_reports (
    id uuid PRIMARY KEY, number text UNIQUE NOT NULL, municipality text NOT NULL, status_token text UNIQUE NOT NULL,
    description text, longitude double precision, latitude double precision, address jsonb, answers jsonb,
    submitted_at timestamptz NOT NULL DEFAULT now(), source text, language text, email text, phone text);
CREATE TABLE IF NOT EXISTS floor_keys (
    scope text, key text, fingerprint text, status smallint, answer jsonb, PRIMARY KEY (scope, key));
CREATE TABLE IF NOT EXISTS floor_outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id uuid UNIQUE NOT NULL, topic text, key text,
    type text, subject text, sequence bigint, time timestamptz DEFAULT now(), traceparent text, data text,
    published_at timestamptz);
CREATE INDEX IF NOT EXISTS ix_floor_outbox ON floor_outbox (position) WHERE published_at IS NULL;
CREATE INDEX IF NOT EXISTS ix_floor_outbox_key ON floor_outbox (key);
"""


class Geometry(BaseModel):
    """A point."""

    type: str
    coordinates: list[float]


class Location(BaseModel):
    """Where."""

    geometry: Geometry


class Contact(BaseModel):
    """Who."""

    email: str | None = None


class Report(BaseModel):
    """What."""

    description: str
    location: Location
    contact: Contact | None = None


def create_app(database_url: str) -> FastAPI:
    """Return the app."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(database_url, min_size=10, max_size=10) as pool:
            await pool.execute(_TABLES)
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/reports", status_code=201)
    async def submit(body: Report, idempotency_key: Annotated[str, Header()]) -> dict[str, Any]:
        report_id, token = uuid4(), uuid4().hex
        longitude, latitude = body.location.geometry.coordinates
        email = body.contact.email if body.contact else None
        async with app.state.pool.acquire() as connection, connection.transaction():
            number = await connection.fetchval(
                "INSERT INTO floor_reports (id, number, municipality, status_token, description, longitude, latitude,"
                " answers, source, language, email) VALUES ($1, nextval('floor_numbers')::text, 'GM0106', $2, $3, $4,"
                " $5, '[]', 'web', 'nl', $6) RETURNING number",
                report_id,
                token,
                body.description,
                longitude,
                latitude,
                email,
            )
            answer = {"id": str(report_id), "number": number, "statusUrl": token}
            await connection.execute(
                "INSERT INTO floor_keys VALUES ('reports', $1, '', 201, $2) ON CONFLICT DO NOTHING",
                idempotency_key,
                orjson.dumps(answer).decode(),
            )
            data = orjson.dumps(body.model_dump()).decode()
            await connection.executemany(
                "INSERT INTO floor_outbox (event_id, topic, key, type, subject, sequence, traceparent, data)"
                " VALUES ($1, $2, $3, $4, $3, 1, '', $5)",
                [(uuid4(), f"topic-{tier}", str(report_id), f"type-{tier}", data) for tier in range(3)],
            )
        return answer

    return app


if __name__ == "__main__":
    uvicorn.run(create_app(sys.argv[2]), port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="error")
