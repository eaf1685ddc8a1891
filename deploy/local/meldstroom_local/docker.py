"""The Docker rung: the images of compose.yaml, started through testcontainers when an engine answers."""

import os
import re
from pathlib import Path
from typing import Any, cast

from meldstroom_local.places import PROJECT


def answers() -> str | None:
    """Return None when a Docker engine answers, else why not."""
    sockets = (Path("/var/run/docker.sock"), Path.home() / ".docker" / "run" / "docker.sock")
    if "DOCKER_HOST" not in os.environ and not any(socket.exists() for socket in sockets):
        return "no Docker engine"
    try:
        import docker
    except ImportError:
        return "the docker package is not installed"
    try:
        client = docker.from_env(timeout=3)
        client.ping()
        client.close()
    except Exception as error:  # noqa: BLE001  # whatever is wrong with an engine, the next rung is tried
        return f"the Docker engine does not answer ({type(error).__name__})"
    return None


def image(service: str) -> str:
    """Return the image of a service of compose.yaml, so that versions stand in one place."""
    text = (PROJECT / "compose.yaml").read_text()
    found = re.search(rf"^  {service}:\n(?:    .*\n|\n)*?    image: *(\S+)", text, re.MULTILINE)
    if not found:
        raise LookupError(f"compose.yaml names no image for {service}")
    return found.group(1)


def remove_volume(name: str) -> None:
    """Remove a volume and what it keeps, when it is there."""
    import docker

    client = docker.from_env(timeout=30)
    try:
        client.volumes.get(name).remove(force=True)
    except docker.errors.NotFound:
        pass
    finally:
        client.close()


class Container:
    """One container with a fixed port on 127.0.0.1 and, unless thrown away, a volume that keeps its data."""

    def __init__(
        self,
        service: str,
        *,
        port: tuple[int, int],
        environment: dict[str, str],
        volume: tuple[str, str] | None = None,
        command: str | None = None,
    ) -> None:
        """Prepare; ``port`` is (inside, outside), ``volume`` is (name, folder inside)."""
        from testcontainers.core.container import DockerContainer

        self._container = cast("Any", DockerContainer(image(service)))
        # A pair binds to one address of the host; docker-py takes it, the annotation of testcontainers does not.
        self._container.ports[str(port[0])] = ("127.0.0.1", port[1])
        for name, value in environment.items():
            self._container.with_env(name, value)
        if volume:
            self._container.with_volume_mapping(volume[0], volume[1], "rw")
        if command:
            self._container.with_command(command)

    def start(self) -> None:
        """Start it, after fetching the image when that is missing."""
        self._container.start()

    def stop(self) -> None:
        """Stop and remove it; its volume stays."""
        self._container.stop()

    def logs(self) -> str:
        """Return the end of what it said."""
        out, err = self._container.get_logs()
        return bytes(out + err).decode(errors="replace")[-3000:]
