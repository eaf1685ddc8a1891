"""``python -m handling`` runs the block."""

from commonground import service
from handling.main import create_app
from handling.settings import Settings
from handling.worker import create_worker

service.run("handling", Settings, create_app, create_worker)
