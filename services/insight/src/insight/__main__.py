"""``python -m insight`` runs the block."""

from commonground import service
from insight.main import create_app
from insight.settings import Settings
from insight.worker import create_worker

service.run("insight", Settings, create_app, create_worker)
