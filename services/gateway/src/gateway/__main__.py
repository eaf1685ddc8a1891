"""``python -m gateway``: run the gateway."""

from commonground import service
from gateway.main import create_app
from gateway.settings import Settings
from gateway.worker import create_worker

if __name__ == "__main__":
    service.run("gateway", Settings, create_app, create_worker)
